import { createServer, type ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import type OpenAI from 'openai';
import { frame, streamEvents } from '../test/support/upstream-events.ts';
import { textMessage } from '../test/support/upstream-items.ts';

const response = {
  id: 'resp_bench',
  object: 'response',
  created_at: 1_790_000_000,
  status: 'completed',
  model: 'bench',
  output: [textMessage('word '.repeat(40).trim())],
  usage: {
    input_tokens: 10,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: 40,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 50,
  },
};

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- no reader uses the missing fields
const frames = streamEvents(response as unknown as OpenAI.Responses.Response).map(frame);

async function writeStream(target: ServerResponse, pauseMs: number): Promise<void> {
  target.writeHead(200, { 'content-type': 'text/event-stream' });
  if (pauseMs === 0) return void target.end(frames.join(''));
  for (const text of frames) {
    target.write(text);
    await setTimeout(pauseMs);
  }
  target.end();
}

export interface Upstream {
  readonly baseURL: string;
  /** The pause between two events; 0: the response is written at once. */
  pauseMs: number;
  close(): void;
}

/** Starts a model endpoint that sends the same response to every request. */
export async function startUpstream(): Promise<Upstream> {
  const server = createServer((request, outgoing) => {
    request.resume().once('end', () => void writeStream(outgoing, upstream.pauseMs));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const upstream: Upstream = {
    baseURL: `http://127.0.0.1:${port}/v1`,
    pauseMs: 0,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return upstream;
}
