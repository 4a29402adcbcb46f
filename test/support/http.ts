import { EventEmitter, once } from 'node:events';
import OpenAI from 'openai';
import { expect, onTestFinished } from 'vitest';
import { type Clock, systemClock } from '../../src/shared/clock.ts';
import { apiKey, checked } from './engine.ts';
import { listen } from './loopback-server.ts';
import { startServe } from './serve.ts';
import { createUpstream, type Turn, type Upstream } from './upstream.ts';
import type { ResponsesRequest } from './upstream-request.ts';

interface HttpOptions {
  readonly clock?: Clock;
  /** Flags of `serve`. */
  readonly argv?: readonly string[];
  readonly defaultTurn?: (body: ResponsesRequest) => Turn;
}

export interface HttpHarness {
  /** The official SDK as an old program has it: another base URL, its own key, nothing else. */
  readonly openai: OpenAI;
  /** Where `serve` listens, without a path. */
  readonly url: string;
  readonly upstream: Upstream;
  /** Every request of the SDK: method and path without `/v1`. */
  readonly asked: string[];
  /** Resolves when `count` more requests have matched. */
  readonly more: (count: number, pattern: RegExp) => Promise<void>;
}

/**
 * Everything through sockets: the SDK, `serve`, and the model endpoint behind it. What comes over
 * the wire is held against the contract.
 */
export async function setupOverHttp({
  clock = systemClock,
  argv,
  defaultTurn: otherwise,
}: HttpOptions = {}) {
  const upstream = createUpstream({ apiKey, ...(otherwise && { defaultTurn: otherwise }) });
  const endpoint = await listen((request) => upstream.fetch(request));
  const env = { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: `${endpoint}/v1` };
  const { url } = await startServe({ clock, env, ...(argv && { argv }) });
  const faults: string[] = [];
  const asked: string[] = [];
  const asking = new EventEmitter();
  const handler = checked((request) => fetch(request), faults);
  const openai = new OpenAI({
    apiKey: 'sk-old-program',
    baseURL: `${url}/v1`,
    maxRetries: 0,
    fetch: (input, init) => {
      const request = new Request(input, init);
      asked.push(`${request.method} ${new URL(request.url).pathname.replace('/v1', '')}`);
      asking.emit('request');
      return handler(request);
    },
  });
  onTestFinished(() => {
    expect({ faults, refusals: upstream.refusals }).toEqual({ faults: [], refusals: [] });
  });
  const more = async (count: number, pattern: RegExp) => {
    const matching = () => asked.filter((request) => pattern.test(request)).length;
    const wanted = matching() + count;
    while (matching() < wanted) await once(asking, 'request');
  };
  return { openai, url, upstream, asked, more } satisfies HttpHarness;
}
