import type OpenAI from 'openai';
import { useEffect, useState } from 'preact/hooks';
import { isNotFound, isUnauthorized } from './client.ts';
import { appendDelta } from './message-delta.ts';
import { isMoving } from './overview.ts';
import { byTime, emptyState, merge } from './thread-state.ts';
import type { Message, Run, Step, ThreadState, ToolOutput } from './thread-state.ts';

type StreamEvent = OpenAI.Beta.AssistantStreamEvent;

const firstPageSize = 30;
/** Small: while one scrolls, a page of older messages has to be drawn within a frame. */
const pageSize = 10;
const pollMs = 1000;

/** The steps of a run, oldest first, with the texts that its searches found. */
export async function readSteps(
  openai: OpenAI,
  thread_id: string,
  run_id: string,
): Promise<Step[]> {
  const page = await openai.beta.threads.runs.steps.list(run_id, {
    thread_id,
    order: 'asc',
    limit: 100,
    include: ['step_details.tool_calls[*].file_search.results[*].content'],
  });
  return page.data;
}

/** One thread with its messages, runs and steps, kept up to date while it is shown. */
export class ThreadStore {
  readonly id: string;
  readonly #openai: OpenAI;
  readonly #report: (error: unknown) => void;
  readonly #listeners = new Set<() => void>();
  readonly #watched = new Set<string>();
  #state: ThreadState = emptyState;
  #closed = false;

  constructor(openai: OpenAI, id: string, report: (error: unknown) => void) {
    this.#openai = openai;
    this.id = id;
    this.#report = report;
  }

  get state(): ThreadState {
    return this.#state;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#closed = true;
  }

  async load(): Promise<void> {
    const { threads } = this.#openai.beta;
    try {
      const [thread, page, runs] = await Promise.all([
        threads.retrieve(this.id),
        threads.messages.list(this.id, { limit: firstPageSize }),
        threads.runs.list(this.id, { limit: 100 }),
      ]);
      this.#set({
        thread,
        // What a stream has shown meanwhile is newer.
        messages: merge(page.data.toReversed(), this.#state.messages).toSorted(byTime),
        hasOlder: page.has_more,
        runs: merge(runs.data, this.#state.runs).toSorted((one, other) => byTime(other, one)),
        error: null,
      });
      for (const run of runs.data.filter(isMoving)) void this.watch(run.id);
    } catch (error) {
      this.#fail(error);
    }
  }

  async loadOlder(): Promise<void> {
    const [oldest] = this.#state.messages;
    if (oldest === undefined || !this.#state.hasOlder) return;
    try {
      const query = { limit: pageSize, after: oldest.id };
      const page = await this.#openai.beta.threads.messages.list(this.id, query);
      this.#set({
        messages: merge(page.data.toReversed(), this.#state.messages),
        hasOlder: page.has_more,
      });
    } catch (error) {
      this.#report(error);
    }
  }

  /** Looks for runs and messages that others have added. */
  async refresh(): Promise<void> {
    try {
      const { threads } = this.#openai.beta;
      const [messages, runs] = await Promise.all([
        threads.messages.list(this.id, { limit: 20 }),
        threads.runs.list(this.id, { limit: 5 }),
      ]);
      this.#mergeMessages(messages.data.toReversed());
      for (const run of runs.data) this.#mergeRun(run);
      for (const run of runs.data.filter(isMoving)) void this.watch(run.id);
    } catch (error) {
      this.#report(error);
    }
  }

  async loadSteps(run_id: string): Promise<void> {
    try {
      const steps = await readSteps(this.#openai, this.id, run_id);
      this.#set({ steps: { ...this.#state.steps, [run_id]: steps } });
    } catch (error) {
      this.#report(error);
    }
  }

  /** Polls a run until it waits or ends. */
  async watch(run_id: string): Promise<void> {
    if (this.#watched.has(run_id)) return;
    this.#watched.add(run_id);
    try {
      while (!this.#closed) {
        const run = await this.#readRun(run_id);
        if (run === 'gone' || (run !== null && !isMoving(run))) break;
        await new Promise((resolve) => setTimeout(resolve, pollMs));
      }
    } finally {
      this.#watched.delete(run_id);
      this.#set({ isReconnecting: false });
    }
  }

  /** Starts a run and shows it as {@link #follow} does. */
  startRun(assistant_id: string): Promise<void> {
    return this.#follow(this.#openai.beta.threads.runs.stream(this.id, { assistant_id }));
  }

  /** Answers the function calls of a run and shows how it goes on. */
  submitOutputs(run_id: string, tool_outputs: ToolOutput[]): Promise<void> {
    const params = { thread_id: this.id, tool_outputs };
    const { runs } = this.#openai.beta.threads;
    return this.#follow(runs.submitToolOutputsStream(run_id, params));
  }

  /** Shows a run as its stream tells; where the stream breaks off, the run is polled. */
  async #follow(stream: AsyncIterable<StreamEvent>): Promise<void> {
    let run_id: string | null = null;
    try {
      for await (const event of stream) {
        if (this.#closed) return;
        if (event.event.startsWith('thread.run.') && !event.event.includes('.step.')) {
          run_id = 'id' in event.data ? (event.data.id ?? null) : run_id;
          if (run_id !== null) this.#watched.add(run_id);
        }
        this.#apply(event);
      }
    } catch (error) {
      if (run_id === null) throw error;
      this.#set({ isReconnecting: true });
    } finally {
      if (run_id !== null) this.#watched.delete(run_id);
    }
    if (run_id !== null) await this.watch(run_id);
  }

  /** Null: the server cannot be reached now; gone: there is nothing to wait for. */
  async #readRun(run_id: string): Promise<Run | null | 'gone'> {
    const { threads } = this.#openai.beta;
    try {
      const run = await threads.runs.retrieve(run_id, { thread_id: this.id });
      const [messages] = await Promise.all([
        threads.messages.list(this.id, { limit: 20 }),
        this.loadSteps(run_id),
      ]);
      this.#mergeMessages(messages.data.toReversed());
      this.#mergeRun(run);
      if (this.#state.isReconnecting) this.#set({ isReconnecting: false });
      return run;
    } catch (error) {
      this.#report(error);
      return isNotFound(error) || isUnauthorized(error) ? 'gone' : null;
    }
  }

  #apply(event: StreamEvent): void {
    switch (event.event) {
      case 'thread.created':
      case 'error':
        return;
      case 'thread.message.delta':
        return this.#change(event.data.id, (message) => appendDelta(message, event.data.delta));
      case 'thread.message.created':
      case 'thread.message.in_progress':
      case 'thread.message.completed':
      case 'thread.message.incomplete':
        return this.#mergeMessages([event.data]);
      case 'thread.run.step.delta':
        return;
      case 'thread.run.step.created':
      case 'thread.run.step.in_progress':
      case 'thread.run.step.completed':
      case 'thread.run.step.failed':
      case 'thread.run.step.cancelled':
      case 'thread.run.step.expired':
        return this.#mergeStep(event.data);
      default:
        return this.#mergeRun(event.data);
    }
  }

  #change(id: string, change: (message: Message) => Message): void {
    const messages = this.#state.messages.map((message) =>
      message.id === id ? change(message) : message,
    );
    this.#set({ messages });
  }

  #mergeMessages(added: readonly Message[]): void {
    const { messages, hasOlder } = this.#state;
    const [oldest] = messages;
    // Older messages come with their page, not one by one.
    const newer = added.filter((message) => {
      const known = messages.find(({ id }) => id === message.id);
      // The server stores the text of a message when it is complete.
      if (known !== undefined)
        return message.status !== 'in_progress' || message.content.length > 0;
      return !hasOlder || oldest === undefined || message.created_at >= oldest.created_at;
    });
    this.#set({ messages: merge(messages, newer).toSorted(byTime) });
  }

  #mergeRun(run: Run): void {
    const runs = merge(this.#state.runs, [run]).toSorted((one, other) => byTime(other, one));
    this.#set({ runs });
  }

  #mergeStep(step: Step): void {
    const { steps } = this.#state;
    this.#set({
      steps: { ...steps, [step.run_id]: merge(steps[step.run_id] ?? [], [step]).toSorted(byTime) },
    });
  }

  #fail(error: unknown): void {
    this.#report(error);
    this.#set({ error });
  }

  #set(change: Partial<ThreadState>): void {
    if (this.#closed) return;
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}

/** The state of a store, shown again at most once a frame. */
export function useThreadState(store: ThreadStore): ThreadState {
  const [state, setState] = useState(store.state);
  useEffect(() => {
    let frame = 0;
    const show = () => {
      frame = 0;
      setState(store.state);
    };
    show();
    const stop = store.subscribe(() => {
      if (frame === 0) frame = requestAnimationFrame(show);
    });
    return () => {
      stop();
      cancelAnimationFrame(frame);
    };
  }, [store]);
  return state;
}
