import type OpenAI from 'openai';
import { AssistantStream } from 'openai/lib/AssistantStream';
import { expect } from 'vitest';
import type { Harness } from './engine.ts';
import { eventViolation } from './object-event.ts';
import {
  callIds,
  createAssistant,
  createThread,
  readMessages,
  readSteps,
  type WithClient,
} from './conversation.ts';

export type StreamEvent = OpenAI.Beta.AssistantStreamEvent;
type AssistantParams = Partial<OpenAI.Beta.AssistantCreateParams>;
type RunParams = Partial<Omit<OpenAI.Beta.Threads.RunCreateParamsStreaming, 'stream'>>;

/** A line must not contain any character that a client may treat as a line break. */
const framing = /^event: (?<name>[a-z._]+)\ndata: (?<data>[^\n\r\v\f\u0085\u2028\u2029]+)$/u;

/** Checks the text of a stream against the contract (§7.1) and reports violations. */
function createInspector(report: (violation: string) => void) {
  let buffered = '';
  let done = false;
  const inspect = (frame: string) => {
    if (done) return report(`after done: ${frame}`);
    if (frame === ': keep-alive') return undefined;
    const { name = '', data = '' } = framing.exec(frame)?.groups ?? {};
    done = name === 'done' && data === '[DONE]';
    const violation = done
      ? null
      : name === ''
        ? 'no frame'
        : eventViolation(name, JSON.parse(data));
    return violation === null ? undefined : report(`${violation}\n${frame}`);
  };
  return {
    read(text: string) {
      const frames = (buffered + text).split('\n\n');
      buffered = frames.pop() ?? '';
      for (const frame of frames) inspect(frame);
    },
    end() {
      if (buffered !== '') report(`half a frame: ${buffered}`);
      if (!done) report('the stream ended without done');
    },
  };
}

/** The same response, with every frame checked against the contract. */
export function checkFrames(response: Response, report: (violation: string) => void): Response {
  const { status, headers, body } = response;
  if (headers.get('content-type') !== 'text/event-stream; charset=utf-8') report('content-type');
  if (!/^req_[0-9a-f]{32}$/u.test(headers.get('x-request-id') ?? '')) report('no x-request-id');
  const inspector = createInspector(report);
  const decoder = new TextDecoder();
  // Without a queue, so that the engine notices a slow reader.
  const checking = new TransformStream<Uint8Array, Uint8Array>(
    {
      transform(chunk, controller) {
        inspector.read(decoder.decode(chunk, { stream: true }));
        controller.enqueue(chunk);
      },
      flush: () => inspector.end(),
    },
    { highWaterMark: 1 },
    { highWaterMark: 0 },
  );
  return new Response(body?.pipeThrough(checking) ?? null, { status, headers });
}

/** All events of a stream, to its end. */
export async function collect(stream: AsyncIterable<StreamEvent>): Promise<StreamEvent[]> {
  const events: StreamEvent[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

/** All events of a stream, during one pass of the worker. */
export async function collectWhileRunning(
  harness: Harness,
  request: Promise<AsyncIterable<StreamEvent>>,
): Promise<StreamEvent[]> {
  const events = collect(await request);
  await harness.runToEnd();
  return events;
}

/** Streams a queued run on a new thread with a new assistant. */
export async function streamRun(
  harness: WithClient,
  params: RunParams = {},
  assistant?: AssistantParams,
) {
  const { id: assistant_id } = await createAssistant(harness, assistant);
  const { id: thread_id } = await createThread(harness);
  const body = { assistant_id, ...params, stream: true } as const;
  const stream = await harness.openai.beta.threads.runs.create(thread_id, body);
  return { stream, thread_id, assistant_id };
}

/** The events of such a run until it ends or requires outputs. */
export async function streamRunToEnd(
  harness: Harness,
  params: RunParams = {},
  assistant?: AssistantParams,
) {
  const { stream, ...ids } = await streamRun(harness, params, assistant);
  return { events: await collectWhileRunning(harness, Promise.resolve(stream)), ...ids };
}

/** Submits outputs for every call of a run, and streams the run. */
export const streamOutputs = (
  { openai }: WithClient,
  run: OpenAI.Beta.Threads.Run,
  output = 'snow',
) =>
  openai.beta.threads.runs.submitToolOutputs(run.id, {
    thread_id: run.thread_id,
    stream: true,
    tool_outputs: callIds(run).map((tool_call_id) => ({ tool_call_id, output })),
  });

/** The names of events without the prefix `thread.`; consecutive deltas count as one. */
export function eventNames(events: readonly StreamEvent[]): string[] {
  const names = events.map(({ event }) => event.replace(/^thread\.(?=.)/u, ''));
  return names.filter((name, index) => !name.endsWith('.delta') || name !== names[index - 1]);
}

/** The first events of every streamed run. */
export const startedEventNames = ['run.created', 'run.queued', 'run.in_progress'];

export const messageEventNames = [
  'run.step.created',
  'run.step.in_progress',
  'message.created',
  'message.in_progress',
  'message.delta',
  'message.completed',
  'run.step.completed',
];

export const callEventNames = ['run.step.created', 'run.step.in_progress', 'run.step.delta'];

type Data = { readonly [Event in StreamEvent as Event['event']]: Event['data'] };

/** Data of every event of one name, in order. */
export function eventData<Name extends keyof Data>(
  events: readonly StreamEvent[],
  name: Name,
): Data[Name][] {
  const isNamed = (event: object): event is { data: Data[Name] } =>
    Reflect.get(event, 'event') === name;
  return events.flatMap((event: object) => (isNamed(event) ? [event.data] : []));
}

/** The objects that the SDK assembles from events; it throws if events are out of order. */
export async function assemble(events: readonly StreamEvent[]) {
  const lines = events.map((event) => `${JSON.stringify(event)}\n`);
  const body = ReadableStream.from(lines).pipeThrough(new TextEncoderStream());
  const stream = AssistantStream.fromReadableStream(body);
  const run = await stream.finalRun();
  return { run, steps: await stream.finalRunSteps(), messages: await stream.finalMessages() };
}

/** The text of a message, joined from its deltas, part by part. */
export function deltaText(events: readonly StreamEvent[], message_id: string): string {
  const parts: string[] = [];
  for (const { id, delta } of eventData(events, 'thread.message.delta')) {
    for (const part of id === message_id ? (delta.content ?? []) : []) {
      const addition = part.type === 'text' ? part.text?.value : Reflect.get(part, 'refusal');
      parts[part.index] = `${parts[part.index] ?? ''}${String(addition ?? '')}`;
    }
  }
  return parts.join('');
}

/** The annotations in the deltas of a message, in the format of the message. */
function deltaAnnotations(events: readonly StreamEvent[], message_id: string) {
  const deltas = eventData(events, 'thread.message.delta').filter(({ id }) => id === message_id);
  const parts = deltas.flatMap(({ delta }) => delta.content ?? []);
  return parts.flatMap((part) =>
    (part.type === 'text' ? (part.text?.annotations ?? []) : []).map(
      ({ index: _index, ...annotation }) => {
        if (annotation.type !== 'file_citation') return annotation;
        const { quote: _quote, ...file_citation } = annotation.file_citation ?? {};
        return { ...annotation, file_citation };
      },
    ),
  );
}

const contentAnnotations = ({ content }: OpenAI.Beta.Threads.Message) =>
  content.flatMap((part) => (part.type === 'text' ? part.text.annotations : []));

const contentText = ({ content }: OpenAI.Beta.Threads.Message): string =>
  content
    .map((part) =>
      part.type === 'text' ? part.text.value : part.type === 'refusal' ? part.refusal : '',
    )
    .join('');

/** The SDK keeps the `index` of deltas in the calls of a step in progress. */
function asAssembled(step: OpenAI.Beta.Threads.Runs.RunStep) {
  const { step_details: details } = step;
  if (details.type !== 'tool_calls' || step.status !== 'in_progress') return step;
  const tool_calls = details.tool_calls.map((call, index) => ({ ...call, index }));
  return { ...step, step_details: { ...details, tool_calls } };
}

/**
 * Compares a stream with the stored objects: the SDK accepts the order of events, it assembles the
 * stored objects, deltas add up to their message with its annotations, and a message has the
 * creation time of its step.
 */
export async function expectStreamMatchesStored(
  harness: WithClient,
  events: readonly StreamEvent[],
): Promise<void> {
  const { run, steps, messages } = await assemble(events);
  const { id, thread_id } = run;
  expect(run).toEqual(await harness.openai.beta.threads.runs.retrieve(id, { thread_id }));
  const storedSteps = await readSteps(harness, run);
  const stepIds = new Set(steps.map((step) => step.id));
  expect(steps).toEqual(storedSteps.filter((step) => stepIds.has(step.id)).map(asAssembled));
  const messageIds = new Set(messages.map((message) => message.id));
  const storedMessages = await readMessages(harness, thread_id);
  expect(messages).toEqual(storedMessages.filter((message) => messageIds.has(message.id)));
  for (const message of messages) {
    expect(deltaText(events, message.id)).toBe(contentText(message));
    expect(deltaAnnotations(events, message.id)).toEqual(contentAnnotations(message));
    const step = steps.find(
      ({ step_details: details }) =>
        details.type === 'message_creation' && details.message_creation.message_id === message.id,
    );
    expect(step?.created_at).toBe(message.created_at);
  }
}
