import { Client as Client2026, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as Client2025 } from '@modelcontextprotocol/sdk/client/index.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { StreamableHTTPClientTransport as Http2025 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type OpenAI from 'openai';
import { onTestFinished } from 'vitest';
import { createMcpServerFactory } from '../../src/cli/mcp-server-factory.ts';
import { createObservableLog } from '../../src/mcp/client-log.ts';
import { connectStdio } from '../../src/mcp/stdio.ts';
import type { Clock } from '../../src/shared/clock.ts';
import { createLog } from '../../src/shared/log.ts';
import { configOf } from './config.ts';
import { createWaitingClock } from './mcp.ts';
import { createPipes } from './pipes.ts';
import { startServe } from './serve.ts';

/** The part of both clients that tests of resources, prompts and logging use. */
export type Peer = Client2025 | Client2026;

export const peerNames = ['the 2025 SDK', 'the 2026 client in 2025', 'the 2026 client'] as const;
export type PeerName = (typeof peerNames)[number];

type Transport = Parameters<Client2026['connect']>[0];

const info = { name: 'test', version: '1.0.0' };

/** A form that a client shows. */
export interface ShownForm {
  readonly message: string;
  readonly requestedSchema: { readonly properties: Readonly<Record<string, unknown>> };
}

/** What the person does with a form. */
export interface FormAnswer {
  readonly action: 'accept' | 'decline' | 'cancel';
  readonly content?: Record<string, string | number | boolean>;
}

/** How a client answers forms, and what it declares; by default, forms without saying so. */
export interface FormSupport {
  readonly declared?: object;
  /** null: the client declares forms and has none. */
  readonly answer:
    | ((form: ShownForm, signal: AbortSignal) => FormAnswer | Promise<FormAnswer>)
    | null;
}

const capabilitiesOf = (forms?: FormSupport) =>
  forms === undefined ? {} : { elicitation: { ...forms.declared } };

async function connectPeer(
  name: PeerName,
  transport: Transport,
  forms?: FormSupport,
): Promise<Peer> {
  const capabilities = capabilitiesOf(forms);
  const answer = forms?.answer ?? null;
  if (name === 'the 2025 SDK') {
    const client = new Client2025(info, { capabilities });
    if (answer !== null) {
      client.setRequestHandler(ElicitRequestSchema, async ({ params }, { signal }) => {
        if (params.mode === 'url') throw new Error('the client shows forms only');
        return { ...(await answer(params, signal)) };
      });
    }
    await client.connect(transport);
    return client;
  }
  const mode = name === 'the 2026 client' ? { pin: '2026-07-28' } : 'legacy';
  const client = new Client2026(info, { capabilities, versionNegotiation: { mode } });
  if (answer !== null) {
    client.setRequestHandler('elicitation/create', async ({ params }, { mcpReq }) => {
      if (params.mode === 'url') throw new Error('the client shows forms only');
      return { ...(await answer(params, mcpReq.signal)) };
    });
  }
  await client.connect(transport);
  return client;
}

interface PeerOptions {
  readonly openai: () => Promise<OpenAI>;
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  readonly forms?: FormSupport;
}

/** Connects a client to the program's MCP server over stdio. */
export async function connectOverStdio(name: PeerName, options: PeerOptions) {
  const { openai, argv = [], env = {}, clock = createWaitingClock(), forms } = options;
  const config = configOf({ argv, env });
  const logLines: string[] = [];
  const secrets = [config.apiKey].filter((secret) => secret !== null);
  const write = (line: string) => void logLines.push(line);
  const log = createObservableLog(
    createLog({ level: 'debug', secrets, now: () => clock.now(), write }),
  );
  const closing = new AbortController().signal;
  const factory = createMcpServerFactory(config, { openai, clock, log, closing });
  const { stdin, stdout, client: transport } = createPipes();
  const connection = connectStdio((era) => factory(config, era), { stdin, stdout, log });
  const peer = await connectPeer(name, transport, forms);
  onTestFinished(async () => {
    await peer.close();
    await connection.closed;
  });
  return { peer, log, logLines };
}

/** Starts `serve` and connects a client to it over HTTP. */
export async function connectOverHttp(name: PeerName, query = '', forms?: FormSupport) {
  const served = await startServe();
  const url = new URL(`${served.url}/mcp${query}`);
  const transport: Transport =
    name === 'the 2025 SDK' ? new Http2025(url) : new StreamableHTTPClientTransport(url);
  const peer = await connectPeer(name, transport, forms);
  onTestFinished(() => peer.close());
  return { peer, served };
}

/** The Markdown of a resource. */
export async function readText(peer: Peer, uri: string): Promise<string> {
  const { contents } = await peer.readResource({ uri });
  const [content] = contents;
  return content !== undefined && 'text' in content ? content.text : '';
}

/** The values that complete a variable of a resource template. */
export async function completeVariable(
  peer: Peer,
  uri: string,
  [name, value]: readonly [name: string, value: string],
  known: Record<string, string> = {},
) {
  const ref = { type: 'ref/resource' as const, uri };
  const { completion } = await peer.complete({
    ref,
    argument: { name, value },
    context: { arguments: known },
  });
  return completion;
}
