import type { CommandInfo, Invocation } from '../config/config.ts';
import type { Host } from './host.ts';

/**
 * A command of the program. Every start loads all commands, so that `run` imports the engine, the
 * HTTP server and the MCP client only when they are needed.
 */
export interface Command extends CommandInfo {
  /** Resolves to the exit code. */
  run(host: Host, invocation: Invocation): Promise<number>;
}
