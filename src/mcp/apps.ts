import type { McpServer } from '@modelcontextprotocol/server';

/** The extension by which hosts show an app beside results (MCP Apps). */
const extension = 'io.modelcontextprotocol/ui';

/** The app of a server: an HTML document that hosts show in a frame. */
export interface AppOffer {
  /** The operations whose results it is shown beside. */
  readonly operations: readonly string[];
  /** Loads the document; called for each request. */
  readonly load: () => Promise<string>;
}

export const appUri = 'ui://assistants/run';

const mimeType = 'text/html;profile=mcp-app';

/** It loads nothing, and asks for no permissions. Some hosts read this in the list, some with the text. */
const meta = { ui: { prefersBorder: true } };

/** The app in the list of resources. */
export const appResource = {
  uri: appUri,
  name: 'run',
  title: 'Run',
  description: 'A run with its conversation and timeline, for hosts that show apps.',
  mimeType,
  _meta: meta,
};

/** The content of the app's resource. */
export const appContent = (text: string) => ({ uri: appUri, mimeType, text, _meta: meta });

/** What a listed tool says of its app: older hosts read the second name. */
export const appMeta = { ui: { resourceUri: appUri }, 'ui/resourceUri': appUri };

/** Declares the extension; the app itself is a resource. */
export function registerApps({ server }: McpServer): void {
  server.registerCapabilities({ extensions: { [extension]: { mimeTypes: [mimeType] } } });
}
