import { capabilityTools } from './capability-aliases.ts';
import { allTools } from './registry.ts';
import { offer, type Offer } from './offer.ts';
import type { ToolNames } from './toolsets.ts';

/** All that can be listed. The build puts the value in this file's place: listing runs none of it. */
export const catalogue: Readonly<Record<ToolNames, readonly Offer[]>> = {
  default: allTools.map(offer),
  capability: capabilityTools.map(offer),
};
