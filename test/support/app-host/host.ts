import type { Client } from '@modelcontextprotocol/client';
import { build } from 'esbuild';
import type { Frame, Page } from 'playwright-core';

/** What hosts allow an app that asks for nothing. */
const policy = [
  "default-src 'none'",
  "script-src 'self' 'unsafe-inline'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'none'",
  "frame-src 'self'",
].join('; ');

const document = '<!doctype html><title>Host</title><script src="/host.js"></script>';

let script: Promise<string> | undefined;

async function buildScript(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: ['test/support/app-host/page.ts'],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
  });
  return outputFiles[0]?.text ?? '';
}

/** Answers the requests of a host's page. */
export async function hostResponse(url: string): Promise<Response> {
  if (new URL(url).pathname === '/host.js') {
    const headers = { 'content-type': 'text/javascript' };
    return new Response(await (script ??= buildScript()), { headers });
  }
  const headers = { 'content-type': 'text/html', 'content-security-policy': policy };
  return new Response(document, { headers });
}

export interface ShowOptions {
  /** What the host says that it can do. */
  readonly capabilities?: object;
  /** Its theme, styles and so on. */
  readonly context?: object;
}

const allCapabilities = {
  serverTools: {},
  openLinks: {},
  updateModelContext: { text: {} },
};

type Args = Record<string, unknown>;

/** Calls a function of the page's `host`. */
export const callHost = (page: Page, name: string, ...values: readonly unknown[]) =>
  page.evaluate(`host[${JSON.stringify(name)}](...${JSON.stringify(values)})`);

/** Connects the host's page to a server; `report` gets what its apps do. */
export async function connectHost(
  page: Page,
  client: Client,
  report: (name: string, value: unknown) => void,
): Promise<void> {
  await page.exposeFunction('callTool', (params: { name: string; arguments: Args }) => {
    report('call', params.name);
    return client.callTool(params);
  });
  await page.exposeFunction('report', report);
}

/** Shows the app beside a tool call, without a result yet; resolves to its frame. */
export async function showApp(
  page: Page,
  client: Client,
  args: Args,
  { capabilities = allCapabilities, context = {} }: ShowOptions = {},
): Promise<Frame> {
  const { contents } = await client.readResource({ uri: 'ui://assistants/run' });
  const [content] = contents;
  if (content === undefined || !('text' in content)) throw new Error('there is no app');
  await callHost(page, 'show', { html: content.text, capabilities, context }, args);
  const frame = page.frames().at(-1);
  if (frame === undefined) throw new Error('there is no frame');
  return frame;
}
