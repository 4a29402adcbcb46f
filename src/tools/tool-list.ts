import { capabilityTools } from './capability-aliases.ts';
import { allTools } from './registry.ts';
import { toListing, type ToolListing } from './tool-listing.ts';
import type { ToolNames } from './toolsets.ts';

/** All that can be listed. The build puts the value in this file's place: listing runs none of it. */
export const toolList: Readonly<Record<ToolNames, readonly ToolListing[]>> = {
  default: allTools.map(toListing),
  capability: capabilityTools.map(toListing),
};
