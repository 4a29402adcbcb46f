import { type MessageContent, type ModelEvent, noUsage } from '../models/model.ts';
import type { EngineParts } from '../options.ts';
import { findLeased } from '../store/leases.ts';
import { messageBody, updateMessageBody } from '../store/messages.ts';
import { noLease, type RunRow, updateRun } from '../store/runs.ts';
import type { Database, Usage } from '../store/schema.ts';
import type { Durability } from '../store/transaction.ts';
import { insertTurn, sumUsage } from '../store/turns.ts';
import { concludeTurn, type Finished, waitsForOutputs } from './conclusion.ts';
import type { Context } from '../prompt/context.ts';
import { imageDelta, inputDelta, messageDelta } from '../events/delta-events.ts';
import { discardOpen, discardUnfinished, endRun, standing } from './end-run.ts';
import type { Tell } from '../events/event-bus.ts';
import {
  beginCall,
  closeCalls,
  finishCall,
  keepCalls,
  type OpenCalls,
} from './hosted-call-steps.ts';
import type { Outcome } from '../run-state-machine.ts';
import { writePatiently } from './write-retry.ts';
import { closeMessage, type OpenMessage, openMessage, type Writing } from './step-writer.ts';

type Delta = Extract<ModelEvent, { type: 'delta' }>;

/** The lease went to someone else: this execution has nothing more to say. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

/** A run, and the lease under which it is executed until `signal` aborts. */
export interface Execution {
  readonly run: RunRow;
  readonly token: string;
  /** Whether no model was asked for it before. */
  readonly isNew: boolean;
  /** Resolves when what led here has been told, so that what comes of it may be. */
  readonly told: Promise<void>;
  readonly signal: AbortSignal;
}

/** A message that is done but whose step waits to learn whether the turn ends with it. */
interface DoneMessage {
  readonly open: OpenMessage;
  readonly content: MessageContent[];
}

const cutReasons = {
  length: 'max_tokens',
  content_filter: 'content_filter',
  stop: null,
  other: null,
} as const satisfies Record<Finished['end'], string | null>;

/** Adds a delta to the content it belongs to. */
function grow(content: MessageContent[], { part, kind, text, annotation }: Delta): void {
  content[part] ??=
    kind === 'text'
      ? { type: kind, text: { value: '', annotations: [] } }
      : { type: kind, refusal: '' };
  const grown = content[part];
  if (grown.type === 'refusal') grown.refusal += text;
  if (grown.type !== 'text') return;
  grown.text.value += text;
  if (annotation !== undefined) grown.text.annotations.push(annotation);
}

/**
 * Writes one model call into the store while it happens, and tells of it. Nothing is written unless
 * the execution still holds the run's lease, so a late writer changes nothing. Deltas are told at
 * once but stay in memory until their message is done or the call is interrupted. While the database
 * cannot be written the recorder waits, since what a model has said is not bought twice.
 */
export class TurnRecorder {
  readonly #parts: EngineParts;
  readonly #run: RunRow;
  readonly #token: string;
  readonly #told: Promise<void>;
  readonly #context: Context;
  readonly #signal: AbortSignal;
  #open: OpenMessage | null = null;
  #content: MessageContent[] = [];
  /** Where the model's parts stand in the content: those that say nothing leave no hole. */
  readonly #places = new Map<number, number>();
  #done: DoneMessage | null = null;
  #calls: OpenCalls | null = null;
  #spoke = false;

  constructor(parts: EngineParts, execution: Execution, context: Context) {
    this.#parts = parts;
    this.#run = execution.run;
    this.#token = execution.token;
    this.#told = execution.told;
    this.#signal = execution.signal;
    this.#context = context;
  }

  async record(event: ModelEvent): Promise<void> {
    switch (event.type) {
      case 'pulse':
        return undefined;
      case 'message_started':
        return this.#start();
      case 'delta':
        return this.#grow(event);
      case 'message_done':
        if (this.#open === null) throw new Error('a message is done that was never started');
        this.#done = { open: this.#open, content: this.#content };
        this.#open = null;
        this.#spoke = true;
        return undefined;
      case 'image':
        return this.#show(event.file_id);
      case 'call_started':
        return this.#startCall(event);
      case 'call_input':
        return this.#growCall(event.text);
      case 'call_done':
        return this.#endCall(event);
      case 'finished':
        return this.#write((writing, run) => this.#finish(writing, run, event));
    }
  }

  /** Ends the run here, keeping the text and the code that have come so far. */
  end(ending: 'stop' | 'expire' | 'fail' | 'cut_off', outcome: Outcome = {}): Promise<void> {
    return this.#write(async (writing, run) => {
      await this.#closeDone(writing, noUsage);
      if (this.#calls !== null) await this.#settleCalls(writing, this.#calls);
      if (this.#open !== null) {
        const { message } = this.#open;
        const body = { ...messageBody(message), content: this.#content };
        await updateMessageBody(writing.db, message.id, body);
      }
      await endRun(writing, run, ending, outcome);
    });
  }

  /** Hands the run back as it was before this call, for another execution to take. */
  release(): Promise<void> {
    return this.#write(async ({ db }, run) => {
      await discardUnfinished(db, run);
      await updateRun(db, run.id, { ...standing(run), ...noLease });
    });
  }

  #grow(event: Delta): void {
    if (this.#open === null) return;
    const part = this.#places.get(event.part) ?? this.#content.length;
    this.#places.set(event.part, part);
    const delta = { ...event, part };
    const grown = this.#content[delta.part];
    const noted = grown?.type === 'text' ? grown.text.annotations.length : 0;
    grow(this.#content, delta);
    const news = messageDelta(this.#open.message.id, delta, { first: grown === undefined, noted });
    this.#parts.events.publish(this.#run.id, news);
  }

  #show(file_id: string): void {
    if (this.#open === null) return;
    const event = imageDelta(this.#open.message.id, file_id, this.#content.length);
    this.#content.push({ type: 'image_file', image_file: { file_id, detail: 'auto' } });
    this.#parts.events.publish(this.#run.id, event);
  }

  async #startCall({ call }: Extract<ModelEvent, { type: 'call_started' }>): Promise<void> {
    const begin = async (writing: Writing, run: RunRow, isAgain: boolean) => {
      await this.#closeDone(writing, noUsage);
      if (isAgain && this.#calls === null) await discardOpen(writing.db, run);
      return beginCall(writing, run, this.#calls, call);
    };
    this.#calls = await this.#write(begin, { isDraft: true });
    this.#done = null;
  }

  #growCall(text: string): void {
    if (this.#calls === null) return;
    const { step, calls, input } = this.#calls;
    this.#calls = { ...this.#calls, input: (input ?? '') + text };
    this.#parts.events.publish(this.#run.id, inputDelta(step.id, calls.length - 1, text));
  }

  async #endCall(event: Extract<ModelEvent, { type: 'call_done' }>): Promise<void> {
    const open = this.#calls;
    if (open === null) throw new Error('a call is done that was never started');
    this.#calls = await this.#write((writing, run) => finishCall(writing, run, open, event), {
      isDraft: true,
    });
  }

  /** Calls that are done end their step; one that is not leaves it to the end of the run. */
  #settleCalls(writing: Writing, calls: OpenCalls): Promise<void> {
    return calls.input === null ? closeCalls(writing, calls, noUsage) : keepCalls(writing, calls);
  }

  /** Makes a change, which must leave the recorder as it is: it may have to be made again. */
  async #write<T>(
    change: (writing: Writing, run: RunRow, isAgain: boolean) => Promise<T>,
    durability: Durability = {},
  ): Promise<T> {
    const { events, db: database, clock, ids } = this.#parts;
    await this.#told;
    const waiting = { run: this.#run, signal: this.#signal };
    return writePatiently(this.#parts, waiting, (isAgain) => {
      const held = async (db: Database, tell: Tell) => {
        const run = await findLeased(db, this.#run.id, this.#token);
        if (run === undefined) throw new LeaseLost();
        return change({ db, tell, clock, ids }, run, isAgain);
      };
      return events.change(database, held, durability);
    });
  }

  async #start(): Promise<void> {
    const open = async (writing: Writing, run: RunRow, isAgain: boolean) => {
      await this.#closeDone(writing, noUsage);
      if (this.#calls !== null) await closeCalls(writing, this.#calls, noUsage);
      // A commit that nobody confirmed may have happened all the same.
      if (isAgain) await discardOpen(writing.db, run);
      return openMessage(writing, run);
    };
    this.#open = await this.#write(open, { isDraft: true });
    this.#done = null;
    this.#calls = null;
    this.#content = [];
    this.#places.clear();
  }

  async #closeDone(writing: Writing, usage: Usage, finished?: Finished): Promise<void> {
    if (this.#done === null) return;
    const { open, content } = this.#done;
    const reason = finished?.cut ? cutReasons[finished.end] : null;
    await closeMessage(writing, open, content, { reason, usage });
  }

  async #finish(writing: Writing, run: RunRow, event: Finished): Promise<void> {
    const { items, usage } = event;
    const { turns, spent } = this.#context;
    await insertTurn(writing.db, run.id, turns.length, { items, usage });
    // The turn's usage belongs to its last step, which is that of its functions where there is one.
    const paid = waitsForOutputs(run, event) ? noUsage : usage;
    await this.#closeDone(writing, paid, event);
    if (this.#calls !== null) await closeCalls(writing, this.#calls, paid);
    const so = { spent: sumUsage([spent, usage]), spoke: this.#spoke };
    await concludeTurn(writing, run, event, so);
  }
}
