import { PassThrough } from 'node:stream';
import { Client as Client2026, type Transport } from '@modelcontextprotocol/client';
import { Client as Client2025 } from '@modelcontextprotocol/sdk/client/index.js';

/** The client's transport over a pair of pipes; a line that is not JSON fails the test. */
function clientTransport(input: PassThrough, output: PassThrough): Transport {
  let partialLine: string[] = [];
  const transport: Transport = {
    start: async () => {
      input.setEncoding('utf8').on('data', (chunk: string) => {
        const [end = '', ...starts] = chunk.split('\n');
        partialLine.push(end);
        for (const start of starts) {
          const line = partialLine.join('');
          partialLine = [start];
          transport.onmessage?.(JSON.parse(line));
        }
      });
    },
    send: async (message) => {
      output.write(`${JSON.stringify(message)}\n`);
    },
    close: async () => {
      output.end();
      transport.onclose?.();
    },
  };
  return transport;
}

/** The pipes of a stdio server, and the client's transport over them. */
export function createPipes() {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  return { stdin, stdout, client: clientTransport(stdout, stdin) };
}

/** Protocol 2025 with the SDK of most hosts, or protocol 2026-07-28 with its successor. */
export type Generation = '2025' | '2026';

const info = { name: 'test', version: '1.0.0' };

export interface CallOptions {
  readonly onprogress?: (progress: { progress: number; message?: string | undefined }) => void;
  readonly signal?: AbortSignal;
}

/** The common interface of both generations. */
export interface Client {
  callTool(name: string, args: Record<string, unknown>, options?: CallOptions): Promise<unknown>;
  listTools(): Promise<object>;
  getInstructions(): string | undefined;
  close(): Promise<void>;
}

async function connect2025(transport: Transport): Promise<Client> {
  const client = new Client2025(info);
  await client.connect(transport);
  return {
    callTool: (name, args, options) =>
      client.callTool({ name, arguments: args }, undefined, options),
    listTools: () => client.listTools(),
    getInstructions: () => client.getInstructions(),
    close: () => client.close(),
  };
}

async function connect2026(transport: Transport): Promise<Client> {
  const client = new Client2026(info, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  await client.connect(transport);
  return {
    callTool: (name, args, options) => client.callTool({ name, arguments: args }, options),
    listTools: () => client.listTools(),
    getInstructions: () => client.getInstructions(),
    close: () => client.close(),
  };
}

/** Connects a client of the given generation; both check results against the output schemas. */
export const connectClient = (generation: Generation, transport: Transport): Promise<Client> =>
  generation === '2025' ? connect2025(transport) : connect2026(transport);
