import { agents } from './agents.ts';
import type { Host } from './host.ts';
import { clients, libraries } from './libraries.ts';

/** All hosts that are tried, in the order of the table. */
export const hosts: readonly Host[] = [...agents, ...libraries, ...clients];
