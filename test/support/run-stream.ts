import type OpenAI from 'openai';
import { AssistantStream } from 'openai/lib/AssistantStream';
import { expect } from 'vitest';
import type { Harness } from './engine.ts';
import { eventFault } from './object-event.ts';
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

/** Nothing in a line that any client takes for its end. */
const framing = /^event: (?<name>[a-z._]+)\ndata: (?<data>[^\n\r\v\f\u0085\u2028\u2029]+)$/u;

/** Holds the text of a stream against the contract as it goes by (§7.1); collects what is wrong. */
function createInspector(fault: (what: string) => void) {
  let rest = '';
  let done = false;
  const inspect = (frame: string) => {
    if (done) return fault(`after done: ${frame}`);
    if (frame === ': keep-alive') return undefined;
    const { name = '', data = '' } = framing.exec(frame)?.groups ?? {};
    done = name === 'done' && data === '[DONE]';
    const wrong = done ? null : name === '' ? 'no frame' : eventFault(name, JSON.parse(data));
    return wrong === null ? undefined : fault(`${wrong}\n${frame}`);
  };
  return {
    read(text: string) {
      const frames = (rest + text).split('\n\n');
      rest = frames.pop() ?? '';
      for (const frame of frames) inspect(frame);
    },
    end() {
      if (rest !== '') fault(`half a frame: ${rest}`);
      if (!done) fault('the stream ended without done');
    },
  };
}

/** The same answer, every frame of which is held against the contract. */
export function checkFrames(answer: Response, fault: (what: string) => void): Response {
  const { status, headers, body } = answer;
  if (headers.get('content-type') !== 'text/event-stream; charset=utf-8') fault('content-type');
  if (!/^req_[0-9a-f]{32}$/u.test(headers.get('x-request-id') ?? '')) fault('no x-request-id');
  const inspector = createInspector(fault);
  const decoder = new TextDecoder();
  // No queue of its own: whoever reads slowly is felt by the engine.
  const passing = new TransformStream<Uint8Array, Uint8Array>(
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
  return new Response(body?.pipeThrough(passing) ?? null, { status, headers });
}

/** All events of a stream, to its end. */
export async function collect(stream: AsyncIterable<StreamEvent>): Promise<StreamEvent[]> {
  const events: StreamEvent[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

/** All events of a stream, while one pass of the worker makes them happen. */
export async function collectWhileRunning(
  harness: Harness,
  made: Promise<AsyncIterable<StreamEvent>>,
): Promise<StreamEvent[]> {
  const events = collect(await made);
  await harness.runToEnd();
  return events;
}

/** A run on a new thread of a new assistant's, streamed as it stands in the queue. */
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

/** The events of such a run, from its creation to its end or to its pause. */
export async function streamRunToEnd(
  harness: Harness,
  params: RunParams = {},
  assistant?: AssistantParams,
) {
  const { stream, ...made } = await streamRun(harness, params, assistant);
  return { events: await collectWhileRunning(harness, Promise.resolve(stream)), ...made };
}

/** Answers every call that a run waits for, and streams what comes of it. */
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

/** The names of events without what they all begin with; deltas in a row count as one. */
export function eventNames(events: readonly StreamEvent[]): string[] {
  const names = events.map(({ event }) => event.replace(/^thread\.(?=.)/u, ''));
  return names.filter((name, index) => !name.endsWith('.delta') || name !== names[index - 1]);
}

/** The run of a plain create, before anything comes of it. */
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

/** What the SDK's own stream makes of events; it throws at whatever is out of order. */
export async function assemble(events: readonly StreamEvent[]) {
  const lines = events.map((event) => `${JSON.stringify(event)}\n`);
  const body = ReadableStream.from(lines).pipeThrough(new TextEncoderStream());
  const stream = AssistantStream.fromReadableStream(body);
  const run = await stream.finalRun();
  return { run, steps: await stream.finalRunSteps(), messages: await stream.finalMessages() };
}

/** The text of a message put together from its deltas alone, part by part. */
export function deltaText(events: readonly StreamEvent[], message_id: string): string {
  const parts: string[] = [];
  for (const { id, delta } of eventData(events, 'thread.message.delta')) {
    for (const part of id === message_id ? (delta.content ?? []) : []) {
      const said = part.type === 'text' ? part.text?.value : Reflect.get(part, 'refusal');
      parts[part.index] = `${parts[part.index] ?? ''}${String(said ?? '')}`;
    }
  }
  return parts.join('');
}

/** The references of a message as its deltas told them, each as its message has it. */
function deltaNotes(events: readonly StreamEvent[], message_id: string) {
  const deltas = eventData(events, 'thread.message.delta').filter(({ id }) => id === message_id);
  const parts = deltas.flatMap(({ delta }) => delta.content ?? []);
  return parts.flatMap((part) =>
    (part.type === 'text' ? (part.text?.annotations ?? []) : []).map(
      ({ index: _index, ...note }) => {
        if (note.type !== 'file_citation') return note;
        const { quote: _quote, ...file_citation } = note.file_citation ?? {};
        return { ...note, file_citation };
      },
    ),
  );
}

const contentNotes = ({ content }: OpenAI.Beta.Threads.Message) =>
  content.flatMap((part) => (part.type === 'text' ? part.text.annotations : []));

const contentText = ({ content }: OpenAI.Beta.Threads.Message): string =>
  content
    .map((part) =>
      part.type === 'text' ? part.text.value : part.type === 'refusal' ? part.refusal : '',
    )
    .join('');

/** The SDK leaves the `index` of the deltas in the calls of a step that has not ended. */
function asAssembled(step: OpenAI.Beta.Threads.Runs.RunStep) {
  const { step_details: details } = step;
  if (details.type !== 'tool_calls' || step.status !== 'in_progress') return step;
  const tool_calls = details.tool_calls.map((call, index) => ({ ...call, index }));
  return { ...step, step_details: { ...details, tool_calls } };
}

/**
 * A whole stream against what REST says afterwards: the SDK accepts its order, what it puts
 * together is what is stored, deltas add up to their message, references included, and a message is
 * as old as its step.
 */
export async function expectStreamMatchesStored(
  harness: WithClient,
  events: readonly StreamEvent[],
): Promise<void> {
  const { run, steps, messages } = await assemble(events);
  const { id, thread_id } = run;
  expect(run).toEqual(await harness.openai.beta.threads.runs.retrieve(id, { thread_id }));
  const stored = await readSteps(harness, run);
  const here = new Set(steps.map((step) => step.id));
  expect(steps).toEqual(stored.filter((step) => here.has(step.id)).map(asAssembled));
  const all = await readMessages(harness, thread_id);
  expect(messages).toEqual(all.filter((one) => messages.some((told) => told.id === one.id)));
  for (const message of messages) {
    expect(deltaText(events, message.id)).toBe(contentText(message));
    expect(deltaNotes(events, message.id)).toEqual(contentNotes(message));
    const step = steps.find(
      ({ step_details: details }) =>
        details.type === 'message_creation' && details.message_creation.message_id === message.id,
    );
    expect(step?.created_at).toBe(message.created_at);
  }
}
