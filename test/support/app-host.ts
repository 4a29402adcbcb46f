import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { build } from 'esbuild';
import type { Frame, Page } from 'playwright-core';
import { onTestFinished } from 'vitest';
import { cleanEnv, script, temporaryFolder } from '../e2e/server.ts';
import { openPage, type OpenOptions } from './browser.ts';
import { listen } from './loopback-server.ts';

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

let pageScript: Promise<string> | undefined;

async function buildPage(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: ['test/support/app-host/page.ts'],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
  });
  return outputFiles[0]?.text ?? '';
}

type Args = Record<string, unknown>;
type Result = Awaited<ReturnType<Client['callTool']>>;

/** A host in a browser, and the program as its server over stdio. */
export interface AppHost {
  readonly client: Client;
  readonly page: Page;
  /** What the app has sent: its heights, what it tells the model, links, and tool calls. */
  readonly reports: readonly (readonly [name: string, value: unknown])[];
  /** Calls a tool as the model does. */
  call(name: string, args: Args): Promise<Result>;
  /** Shows the app beside a tool call, without a result yet; resolves to its frame. */
  show(args: Args, options?: ShowOptions): Promise<Frame>;
  /** Gives the newest app the result of its call. */
  send(result: object): Promise<void>;
  /** Calls a function of the page's `host`. */
  tell(name: 'cancel' | 'changeContext', value?: object): Promise<void>;
}

interface ShowOptions {
  readonly capabilities?: object;
  readonly context?: object;
}

const allCapabilities = {
  serverTools: {},
  openLinks: {},
  updateModelContext: { text: {} },
};

const clientInfo = { name: 'host', version: '1' };

/** Starts the program over stdio and opens a host; both end with the test. */
export async function openAppHost(
  argv: readonly string[] = [],
  options: OpenOptions = {},
): Promise<AppHost> {
  const client = new Client(clientInfo);
  const args = [script, '--model-api', 'scripted', ...argv];
  const env = cleanEnv(temporaryFolder());
  const command = process.execPath;
  await client.connect(new StdioClientTransport({ command, args, env, stderr: 'ignore' }));
  return openHostOf(client, options);
}

/** Opens a host of a server over HTTP. */
export async function openHttpAppHost(url: string, options: OpenOptions = {}): Promise<AppHost> {
  const client = new Client(clientInfo);
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`)));
  return openHostOf(client, options);
}

async function openHostOf(client: Client, options: OpenOptions): Promise<AppHost> {
  onTestFinished(() => client.close());
  const reports: (readonly [string, unknown])[] = [];
  const code = await (pageScript ??= buildPage());
  const url = await listen((request) =>
    new URL(request.url).pathname === '/host.js'
      ? new Response(code, { headers: { 'content-type': 'text/javascript' } })
      : new Response('<!doctype html><title>Host</title><script src="/host.js"></script>', {
          headers: { 'content-type': 'text/html', 'content-security-policy': policy },
        }),
  );
  const page = await openPage(url, options);
  // For the frames of apps: tests need not wait for their polls.
  await page.clock.install();
  await page.exposeFunction('callTool', (params: { name: string; arguments: Args }) => {
    reports.push(['call', params.name]);
    return client.callTool(params);
  });
  await page.exposeFunction('report', (name: string, value: unknown) => {
    reports.push([name, value]);
  });
  const tell = (name: string, ...values: readonly unknown[]) =>
    page.evaluate(`host[${JSON.stringify(name)}](...${JSON.stringify(values)})`);
  return {
    client,
    page,
    reports,
    call: (name, args) => client.callTool({ name, arguments: args }),
    async show(args, { capabilities = allCapabilities, context = {} } = {}) {
      const { contents } = await client.readResource({ uri: 'ui://assistants/run' });
      const [content] = contents;
      if (content === undefined || !('text' in content)) throw new Error('there is no app');
      await tell('show', { html: content.text, capabilities, context }, args);
      const frame = page.frames().at(-1);
      if (frame === undefined) throw new Error('there is no frame');
      return frame;
    },
    send: async (result) => void (await tell('sendResult', result)),
    tell: async (name, value = {}) => void (await tell(name, value)),
  };
}
