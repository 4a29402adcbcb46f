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
  /** The official SDK as an existing program uses it, with only the base URL changed. */
  readonly openai: OpenAI;
  /** The base URL of `serve`, without a path. */
  readonly url: string;
  readonly upstream: Upstream;
  /** The requests of the SDK, as `METHOD /path` without `/v1`. */
  readonly requests: string[];
  /** Resolves when `count` further requests have matched. */
  readonly waitForRequests: (count: number, pattern: RegExp) => Promise<void>;
}

/**
 * Connects the SDK, `serve` and a model endpoint through real sockets, and checks every response
 * against the contract.
 */
export async function setupOverHttp({ clock = systemClock, argv, defaultTurn }: HttpOptions = {}) {
  const upstream = createUpstream({ apiKey, ...(defaultTurn && { defaultTurn }) });
  const endpoint = await listen((request) => upstream.fetch(request));
  const env = {
    OPENAI_API_KEY: apiKey,
    OPENAI_BASE_URL: `${endpoint}/v1`,
    ASSISTANTS_FILES: 'endpoint',
  };
  const { url } = await startServe({ clock, env, ...(argv && { argv }) });
  const violations: string[] = [];
  const requests: string[] = [];
  const requestEvents = new EventEmitter();
  const handler = checked((request) => fetch(request), violations);
  const openai = new OpenAI({
    apiKey: 'sk-old-program',
    baseURL: `${url}/v1`,
    maxRetries: 0,
    fetch: (input, init) => {
      const request = new Request(input, init);
      requests.push(`${request.method} ${new URL(request.url).pathname.replace('/v1', '')}`);
      requestEvents.emit('request');
      return handler(request);
    },
  });
  onTestFinished(() => {
    expect({ violations, rejections: upstream.rejections }).toEqual({
      violations: [],
      rejections: [],
    });
  });
  const waitForRequests = async (count: number, pattern: RegExp) => {
    const matching = () => requests.filter((request) => pattern.test(request)).length;
    const target = matching() + count;
    const signal = AbortSignal.timeout(10_000);
    while (matching() < target) await once(requestEvents, 'request', { signal });
  };
  return { openai, url, upstream, requests, waitForRequests } satisfies HttpHarness;
}
