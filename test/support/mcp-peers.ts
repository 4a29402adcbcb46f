import { Client as Client2026, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as Client2025 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as Http2025 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type OpenAI from 'openai';
import { onTestFinished } from 'vitest';
import { createMcpServerFactory } from '../../src/cli/mcp-server-factory.ts';
import { createObservableLog } from '../../src/mcp/client-log.ts';
import { connectStdio } from '../../src/mcp/stdio.ts';
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

async function connectPeer(name: PeerName, transport: Transport): Promise<Peer> {
  if (name === 'the 2025 SDK') {
    const client = new Client2025(info);
    await client.connect(transport);
    return client;
  }
  const mode = name === 'the 2026 client' ? { pin: '2026-07-28' } : 'legacy';
  const client = new Client2026(info, { versionNegotiation: { mode } });
  await client.connect(transport);
  return client;
}

interface PeerOptions {
  readonly openai: () => Promise<OpenAI>;
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Connects a client to the program's MCP server over stdio. */
export async function connectOverStdio(name: PeerName, options: PeerOptions) {
  const { openai, argv = [], env = {} } = options;
  const config = configOf({ argv, env });
  const logLines: string[] = [];
  const clock = createWaitingClock();
  const secrets = [config.apiKey].filter((secret) => secret !== null);
  const write = (line: string) => void logLines.push(line);
  const log = createObservableLog(
    createLog({ level: 'debug', secrets, now: () => clock.now(), write }),
  );
  const closing = new AbortController().signal;
  const factory = createMcpServerFactory(config, { openai, clock, log, closing });
  const { stdin, stdout, client: transport } = createPipes();
  const connection = connectStdio((era) => factory(config, era), { stdin, stdout, log });
  const peer = await connectPeer(name, transport);
  onTestFinished(async () => {
    await peer.close();
    await connection.closed;
  });
  return { peer, log, logLines };
}

/** Starts `serve` and connects a client to it over HTTP. */
export async function connectOverHttp(name: PeerName, query = '') {
  const served = await startServe();
  const url = new URL(`${served.url}/mcp${query}`);
  const transport: Transport =
    name === 'the 2025 SDK' ? new Http2025(url) : new StreamableHTTPClientTransport(url);
  const peer = await connectPeer(name, transport);
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
