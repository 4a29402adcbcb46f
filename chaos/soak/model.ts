import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type OpenAI from 'openai';
import { frame, streamEvents } from '../../test/support/upstream-events.ts';
import { textMessage } from '../../test/support/upstream-items.ts';

/** A model endpoint that repeats the key of a run, and counts its calls. */
export interface SoakModel {
  readonly baseURL: string;
  /** The calls of each key. */
  readonly calls: ReadonlyMap<string, number>;
  close(): void;
}

export const replyTo = (key: string): string => `The key is ${key}.`;

function framesOf(key: string): string {
  const response = {
    id: `resp_${key}`,
    object: 'response',
    created_at: 1_790_000_000,
    status: 'completed',
    model: 'soak',
    output: [textMessage(replyTo(key))],
    usage: {
      input_tokens: 10,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: 4,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 14,
    },
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- no reader uses the missing fields
  const events = streamEvents(response as unknown as OpenAI.Responses.Response);
  return events.map(frame).join('');
}

const longLine = 'x'.repeat(2 ** 20);

/** What the endpoint does to runs whose keys begin with these words. */
const faults: Readonly<Record<string, (response: ServerResponse, frames: string) => void>> = {
  fault400: (response) =>
    void response.writeHead(400).end(JSON.stringify({ error: { message: longLine } })),
  faultCut: (response, frames) => {
    response.write(frames.slice(0, frames.length / 2));
    response.destroy();
  },
  faultJson: (response) => void response.end('data: {"type":\n\ndata: null\n\ndata: []\n\n'),
  faultHtml: (response) => void response.end(`<html>${' '.repeat(2 ** 20)}</html>`),
  faultEvent: (response) => void response.end(`data: {"type":"${longLine.repeat(20)}"}\n\n`),
  faultSpaces: (response) =>
    void response
      .writeHead(500, { 'x-should-retry': 'false' })
      .end(`Bearer ${' '.repeat(200_000)}`),
};

export const faultNames: readonly string[] = Object.keys(faults);

/** Starts the endpoint on a free port. */
export async function startSoakModel(): Promise<SoakModel> {
  const calls = new Map<string, number>();
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    // Callers also send requests, passed on to this endpoint, that break off.
    const body = await text(request).catch(() => null);
    if (body === null) return;
    const [key = ''] = body.match(/(?<=key )[\w-]+/gu)?.slice(-1) ?? [];
    calls.set(key, (calls.get(key) ?? 0) + 1);
    response.setHeader('content-type', 'text/event-stream');
    const fault = faults[key.split('-')[0] ?? ''];
    const frames = framesOf(key);
    if (fault === undefined) response.end(frames);
    else fault(response, frames);
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    baseURL: `http://127.0.0.1:${port}/v1`,
    calls,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
