import { type MessageContent, type ModelEvent, noUsage } from '../models/model.ts';
import type { EngineDeps } from '../options.ts';
import { findLeased } from '../store/leases.ts';
import { messageBody, updateMessageBody } from '../store/messages.ts';
import { noLease, updateRun } from '../store/runs.ts';
import { type RunRow } from '../store/schema.ts';
import type { Database, Usage } from '../store/schema.ts';
import type { CommitOptions } from '../store/transaction.ts';
import { insertTurn, sumUsage } from '../store/turns.ts';
import { finishTurn, type Finished, requiresToolOutputs } from './end-run.ts';
import type { RunContext } from '../prompt/context.ts';
import { imageDelta, inputDelta, messageDelta } from '../events/delta-events.ts';
import { discardOpen, discardUnfinished, endRun, runSnapshot } from './end-run.ts';
import type { Emit } from '../events/event-bus.ts';
import {
  beginCall,
  closeCalls,
  finishCall,
  saveCalls,
  type OpenCalls,
} from './hosted-call-steps.ts';
import type { TransitionData } from '../run-state-machine.ts';
import { retryWhileUnavailable } from './write-retry.ts';
import { closeMessage, type OpenMessage, openMessage, type WriteContext } from './step-writer.ts';
import { type Execution, LeaseLost } from './execution.ts';

type Delta = Extract<ModelEvent, { type: 'delta' }>;

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
function appendDelta(content: MessageContent[], { part, kind, text, annotation }: Delta): void {
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
  readonly #deps: EngineDeps;
  readonly #run: RunRow;
  readonly #token: string;
  readonly #told: Promise<void>;
  readonly #context: RunContext;
  readonly #signal: AbortSignal;
  #open: OpenMessage | null = null;
  #content: MessageContent[] = [];
  /** Where the model's parts stand in the content: those that say nothing leave no hole. */
  readonly #partIndex = new Map<number, number>();
  #done: DoneMessage | null = null;
  #calls: OpenCalls | null = null;
  #spoke = false;

  constructor(deps: EngineDeps, execution: Execution, context: RunContext) {
    this.#deps = deps;
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
        return this.#write((writeContext, run) => this.#finish(writeContext, run, event));
    }
  }

  /** Ends the run here, keeping the text and the code that have come so far. */
  end(ending: 'stop' | 'expire' | 'fail' | 'cut_off', outcome: TransitionData = {}): Promise<void> {
    return this.#write(async (writeContext, run) => {
      await this.#closeDone(writeContext, noUsage);
      if (this.#calls !== null) await this.#closeOrSaveCalls(writeContext, this.#calls);
      if (this.#open !== null) {
        const { message } = this.#open;
        const body = { ...messageBody(message), content: this.#content };
        await updateMessageBody(writeContext.db, message.id, body);
      }
      await endRun(writeContext, run, ending, outcome);
    });
  }

  /** Hands the run back as it was before this call, for another execution to take. */
  release(): Promise<void> {
    return this.#write(async ({ db }, run) => {
      await discardUnfinished(db, run);
      await updateRun(db, run.id, { ...runSnapshot(run), ...noLease });
    });
  }

  #grow(event: Delta): void {
    if (this.#open === null) return;
    const part = this.#partIndex.get(event.part) ?? this.#content.length;
    this.#partIndex.set(event.part, part);
    const delta = { ...event, part };
    const grown = this.#content[delta.part];
    const annotationIndex = grown?.type === 'text' ? grown.text.annotations.length : 0;
    appendDelta(this.#content, delta);
    const news = messageDelta(this.#open.message.id, delta, {
      first: grown === undefined,
      annotationIndex: annotationIndex,
    });
    this.#deps.events.publish(this.#run.id, news);
  }

  #show(file_id: string): void {
    if (this.#open === null) return;
    const event = imageDelta(this.#open.message.id, file_id, this.#content.length);
    this.#content.push({ type: 'image_file', image_file: { file_id, detail: 'auto' } });
    this.#deps.events.publish(this.#run.id, event);
  }

  async #startCall({ call }: Extract<ModelEvent, { type: 'call_started' }>): Promise<void> {
    const begin = async (writeContext: WriteContext, run: RunRow, isAgain: boolean) => {
      await this.#closeDone(writeContext, noUsage);
      if (isAgain && this.#calls === null) await discardOpen(writeContext.db, run);
      return beginCall(writeContext, run, this.#calls, call);
    };
    this.#calls = await this.#write(begin, { asyncCommit: true });
    this.#done = null;
  }

  #growCall(text: string): void {
    if (this.#calls === null) return;
    const { step, calls, input } = this.#calls;
    this.#calls = { ...this.#calls, input: (input ?? '') + text };
    this.#deps.events.publish(this.#run.id, inputDelta(step.id, calls.length - 1, text));
  }

  async #endCall(event: Extract<ModelEvent, { type: 'call_done' }>): Promise<void> {
    const open = this.#calls;
    if (open === null) throw new Error('a call is done that was never started');
    this.#calls = await this.#write(
      (writeContext, run) => finishCall(writeContext, run, open, event),
      {
        asyncCommit: true,
      },
    );
  }

  /** Calls that are done end their step; one that is not leaves it to the end of the run. */
  #closeOrSaveCalls(writeContext: WriteContext, calls: OpenCalls): Promise<void> {
    return calls.input === null
      ? closeCalls(writeContext, calls, noUsage)
      : saveCalls(writeContext, calls);
  }

  /** Makes a change, which must leave the recorder as it is: it may have to be made again. */
  async #write<T>(
    change: (writeContext: WriteContext, run: RunRow, isAgain: boolean) => Promise<T>,
    durability: CommitOptions = {},
  ): Promise<T> {
    const { events, db: database, clock, ids } = this.#deps;
    await this.#told;
    const waiting = { run: this.#run, signal: this.#signal };
    return retryWhileUnavailable(this.#deps, waiting, (isAgain) => {
      const held = async (db: Database, emit: Emit) => {
        const run = await findLeased(db, this.#run.id, this.#token);
        if (run === undefined) throw new LeaseLost();
        return change({ db, emit, clock, ids }, run, isAgain);
      };
      return events.transactAndPublish(database, held, durability);
    });
  }

  async #start(): Promise<void> {
    const open = async (writeContext: WriteContext, run: RunRow, isAgain: boolean) => {
      await this.#closeDone(writeContext, noUsage);
      if (this.#calls !== null) await closeCalls(writeContext, this.#calls, noUsage);
      // A commit that nobody confirmed may have happened all the same.
      if (isAgain) await discardOpen(writeContext.db, run);
      return openMessage(writeContext, run);
    };
    this.#open = await this.#write(open, { asyncCommit: true });
    this.#done = null;
    this.#calls = null;
    this.#content = [];
    this.#partIndex.clear();
  }

  async #closeDone(writeContext: WriteContext, usage: Usage, finished?: Finished): Promise<void> {
    if (this.#done === null) return;
    const { open, content } = this.#done;
    const reason = finished?.truncated ? cutReasons[finished.end] : null;
    await closeMessage(writeContext, open, content, { reason, usage });
  }

  async #finish(writeContext: WriteContext, run: RunRow, event: Finished): Promise<void> {
    const { items, usage } = event;
    const { turns, usedTokens: spent } = this.#context;
    await insertTurn(writeContext.db, run.id, turns.length, { items, usage });
    // The turn's usage belongs to its last step, which is that of its functions where there is one.
    const paid = requiresToolOutputs(run, event) ? noUsage : usage;
    await this.#closeDone(writeContext, paid, event);
    if (this.#calls !== null) await closeCalls(writeContext, this.#calls, paid);
    const so = { spent: sumUsage([spent, usage]), spoke: this.#spoke };
    await finishTurn(writeContext, run, event, so);
  }
}
