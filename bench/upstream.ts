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

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- neither side looks at the rest
const frames = streamEvents(response as unknown as OpenAI.Responses.Response).map(frame);

async function stream(answer: ServerResponse, pause: number): Promise<void> {
  answer.writeHead(200, { 'content-type': 'text/event-stream' });
  if (pause === 0) return void answer.end(frames.join(''));
  for (const text of frames) {
    answer.write(text);
    await setTimeout(pause);
  }
  answer.end();
}

export interface Upstream {
  readonly baseURL: string;
  /** Milliseconds between two events; 0: all at once. */
  pause: number;
  close(): void;
}

/** A model endpoint on this machine that always says the same, at the pace that is asked for. */
export async function startUpstream(): Promise<Upstream> {
  const server = createServer((request, answer) => {
    request.resume().once('end', () => void stream(answer, upstream.pause));
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const upstream: Upstream = {
    baseURL: `http://127.0.0.1:${port}/v1`,
    pause: 0,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return upstream;
}
