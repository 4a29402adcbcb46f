import { capabilityTools } from './capability-aliases.ts';
import { allTools } from './registry.ts';
import { toListing, type ToolListing } from './tool-listing.ts';
import type { ToolNames } from './toolsets.ts';

/** Every tool as tools/list shows it. The build replaces this file with the computed value. */
export const toolList: Readonly<Record<ToolNames, readonly ToolListing[]>> = {
  default: allTools.map(toListing),
  capability: capabilityTools.map(toListing),
};
