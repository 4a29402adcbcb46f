import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import type { Frame, Page } from 'playwright-core';
import { onTestFinished } from 'vitest';
import { cleanEnv, script, temporaryFolder } from '../e2e/server.ts';
import { callHost, connectHost, hostResponse, showApp, type ShowOptions } from './app-host/host.ts';
import { openPage, type OpenOptions } from './browser.ts';
import { listen } from './loopback-server.ts';

type Args = Record<string, unknown>;
type Result = Awaited<ReturnType<Client['callTool']>>;

/** A host in a browser, and the program as its server. */
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
  const url = await listen((request) => hostResponse(request.url));
  const page = await openPage(url, options);
  // For the frames of apps: tests need not wait for their polls.
  await page.clock.install();
  await connectHost(page, client, (name, value) => void reports.push([name, value]));
  return {
    client,
    page,
    reports,
    call: (name, args) => client.callTool({ name, arguments: args }),
    show: (args, shown) => showApp(page, client, args, shown),
    send: async (result) => void (await callHost(page, 'sendResult', result)),
    tell: async (name, value = {}) => void (await callHost(page, name, value)),
  };
}
