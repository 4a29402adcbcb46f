import { type Http2Bindings, type HttpBindings, serve } from '@hono/node-server';
import { setTimeout } from 'node:timers/promises';
import { functionCall, codeCall, textMessage } from '../test/support/upstream-items.ts';
import { createUpstream, type Gate, type Turn } from '../test/support/upstream.ts';
import type { ResponsesRequest } from '../test/support/upstream-request.ts';
import { codeOf, type Plan, textOf } from './plan.ts';
import type { Random } from './random.ts';

/** A model endpoint that records its calls and is never killed. */
export interface ChaosModel {
  readonly baseURL: string;
  /** The rounds that were requested, by the key of the run's plan, in order. */
  readonly requestedRounds: ReadonlyMap<string, number[]>;
  /** Requests that a real endpoint would reject. */
  readonly invalidRequests: readonly unknown[];
  addPlan(plan: Plan): void;
  close(): void;
}

const keyOf = ({ input }: ResponsesRequest): string => {
  const message = input.findLast((item) => 'role' in item && item.role === 'user');
  return /key ([\w-]+)/u.exec(JSON.stringify(message))?.[1] ?? '';
};

/** The number of function outputs in the transcript, which is the round of this call. */
const roundOf = ({ input }: ResponsesRequest): number =>
  input.filter((item) => 'type' in item && item.type === 'function_call_output').length;

const pauseGate = (ms: number): Gate => ({
  reached: Promise.resolve(),
  open: () => {},
  pass: () => setTimeout(ms),
});

const pausePoints = [
  'response.created',
  'response.output_item.added',
  'response.output_text.delta',
  'response.output_text.done',
  'response.code_interpreter_call_code.done',
  'response.completed',
] as const;

const retryHeaders = { 'retry-after-ms': '5', 'x-should-retry': 'true' };
const failures: readonly Turn[] = [
  { http: { status: 429, error: { message: 'Slow down.' }, headers: retryHeaders } },
  { http: { status: 500, error: { message: 'Server error.' }, headers: retryHeaders } },
  { broken: { how: 'error', before: 'response.output_item.added' } },
  { broken: { how: 'end', before: 'response.in_progress' } },
];

function turnOf(plan: Plan, round: number, random: Random): Turn {
  const { key, messages, callsCode, rounds, breaksOff } = plan;
  const items = [
    ...(callsCode ? [codeCall(codeOf(key, round))] : []),
    ...Array.from({ length: messages }, (_, index) => textMessage(textOf(key, round, index))),
  ];
  const pause = {
    gate: pauseGate(random.integerBelow(250)),
    before: pausePoints[random.integerBelow(pausePoints.length)] ?? 'response.completed',
  };
  if (round < rounds)
    return { output: [...items, functionCall('look', {}, `call_${key}_${round}`)], ...pause };
  if (!breaksOff) return { output: items, ...pause };
  return { output: items, ...pause, broken: { how: 'end', before: 'response.output_text.done' } };
}

/** Turns a stream error into a connection reset. */
async function* resetOnError(body: ReadableStream<Uint8Array>, reset: () => void) {
  try {
    yield* body;
  } catch {
    reset();
  }
}

/** Starts the endpoint on a free port. */
export async function startModel(random: Random): Promise<ChaosModel> {
  const requestedRounds = new Map<string, number[]>();
  const plans = new Map<string, Plan>();
  const upstream = createUpstream({
    apiKey: null,
    defaultTurn: (body) => {
      const [key, round] = [keyOf(body), roundOf(body)];
      const plan = plans.get(key);
      if (plan === undefined) throw new Error(`no plan '${key}'`);
      const earlierRounds = requestedRounds.get(key) ?? [];
      requestedRounds.set(key, [...earlierRounds, round]);
      const callRandom = random.fork(`${key} ${round} ${earlierRounds.length}`);
      if (callRandom.chance(12)) return failures[callRandom.integerBelow(failures.length)] ?? {};
      return turnOf(plan, round, callRandom);
    },
  });
  const started = Promise.withResolvers<number>();
  const fetch = async (
    request: Request,
    { outgoing }: HttpBindings | Http2Bindings,
  ): Promise<Response> => {
    const response = await upstream.fetch(request);
    if (response.body === null) return response;
    const body = ReadableStream.from(resetOnError(response.body, () => outgoing.destroy()));
    return new Response(body, response);
  };
  const server = serve({ fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) =>
    started.resolve(port),
  );
  return {
    baseURL: `http://127.0.0.1:${await started.promise}/v1`,
    requestedRounds,
    invalidRequests: upstream.rejections,
    addPlan: (plan) => void plans.set(plan.key, plan),
    close: () => void server.close(),
  };
}
