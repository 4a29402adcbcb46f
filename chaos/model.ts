import { type Http2Bindings, type HttpBindings, serve } from '@hono/node-server';
import { setTimeout } from 'node:timers/promises';
import { functionCall, codeCall, textMessage } from '../test/support/upstream-items.ts';
import { createUpstream, type Gate, type Turn } from '../test/support/upstream.ts';
import type { ResponsesRequest } from '../test/support/upstream-request.ts';
import { codeOf, type Plan, textOf } from './plan.ts';
import type { Chance } from './random.ts';

/** A model endpoint that outlives every process that asks it, and remembers what it was asked. */
export interface ChaosModel {
  readonly baseURL: string;
  /** The round of every call about a run, by the key of its plan, in order. */
  readonly asked: ReadonlyMap<string, number[]>;
  /** Requests that a real endpoint would not have taken. */
  readonly refusals: readonly unknown[];
  expect(plan: Plan): void;
  close(): void;
}

const keyOf = ({ input }: ResponsesRequest): string => {
  const said = input.findLast((item) => 'role' in item && item.role === 'user');
  return /key ([\w-]+)/u.exec(JSON.stringify(said))?.[1] ?? '';
};

/** Rounds that the transcript of this run holds: what comes after the last thing the user said. */
const roundOf = ({ input }: ResponsesRequest): number =>
  input.filter((item) => 'type' in item && item.type === 'function_call_output').length;

const pause = (milliseconds: number): Gate => ({
  reached: Promise.resolve(),
  open: () => {},
  pass: () => setTimeout(milliseconds),
});

const places = [
  'response.created',
  'response.output_item.added',
  'response.output_text.delta',
  'response.output_text.done',
  'response.code_interpreter_call_code.done',
  'response.completed',
] as const;

const again = { 'retry-after-ms': '5', 'x-should-retry': 'true' };
const troubles: readonly Turn[] = [
  { http: { status: 429, error: { message: 'Slow down.' }, headers: again } },
  { http: { status: 500, error: { message: 'Oh.' }, headers: again } },
  { broken: { how: 'error', before: 'response.output_item.added' } },
  { broken: { how: 'end', before: 'response.in_progress' } },
];

function turnOf(plan: Plan, round: number, chance: Chance): Turn {
  const { key, messages, codes, rounds, breaks } = plan;
  const said = [
    ...(codes ? [codeCall(codeOf(key, round))] : []),
    ...Array.from({ length: messages }, (_, index) => textMessage(textOf(key, round, index))),
  ];
  const wait = {
    gate: pause(chance.below(250)),
    before: places[chance.below(places.length)] ?? 'response.completed',
  };
  if (round < rounds)
    return { output: [...said, functionCall('look', {}, `call_${key}_${round}`)], ...wait };
  if (!breaks) return { output: said, ...wait };
  return { output: said, ...wait, broken: { how: 'end', before: 'response.output_text.done' } };
}

/** Makes of a stream that fails what a network makes of it. */
async function* untilReset(body: ReadableStream<Uint8Array>, reset: () => void) {
  try {
    yield* body;
  } catch {
    reset();
  }
}

/** Starts the endpoint on a port of its own. */
export async function startModel(chance: Chance): Promise<ChaosModel> {
  const asked = new Map<string, number[]>();
  const plans = new Map<string, Plan>();
  const upstream = createUpstream({
    apiKey: null,
    defaultTurn: (body) => {
      const [key, round] = [keyOf(body), roundOf(body)];
      const plan = plans.get(key);
      if (plan === undefined) throw new Error(`no plan '${key}'`);
      const before = asked.get(key) ?? [];
      asked.set(key, [...before, round]);
      const own = chance.named(`${key} ${round} ${before.length}`);
      if (own.happens(12)) return troubles[own.below(troubles.length)] ?? {};
      return turnOf(plan, round, own);
    },
  });
  const started = Promise.withResolvers<number>();
  const fetch = async (
    request: Request,
    { outgoing }: HttpBindings | Http2Bindings,
  ): Promise<Response> => {
    const answer = await upstream.fetch(request);
    if (answer.body === null) return answer;
    const body = ReadableStream.from(untilReset(answer.body, () => outgoing.destroy()));
    return new Response(body, answer);
  };
  const server = serve({ fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) =>
    started.resolve(port),
  );
  return {
    baseURL: `http://127.0.0.1:${await started.promise}/v1`,
    asked,
    refusals: upstream.rejections,
    expect: (plan) => void plans.set(plan.key, plan),
    close: () => void server.close(),
  };
}
