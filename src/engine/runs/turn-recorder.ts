import type OpenAI from 'openai';
import { type MessageContent, type ModelEvent, noUsage } from '../models/model.ts';
import type { EngineDeps } from '../options.ts';
import { findLeased } from '../store/leases.ts';
import { messageBody, updateMessageBody } from '../store/messages.ts';
import { noLease, updateRun } from '../store/runs.ts';
import type { Database, RunRow, Usage } from '../store/schema.ts';
import type { CommitOptions } from '../store/transaction.ts';
import { insertTurn, sumUsage } from '../store/turns.ts';
import type { RunContext } from '../prompt/context.ts';
import { inputDelta } from '../events/delta-events.ts';
import {
  discardOpen,
  discardUnfinished,
  endRun,
  endsWithCalls,
  type FinishedEvent,
  finishTurn,
  runSnapshot,
} from './end-run.ts';
import type { Emit, StreamEvent } from '../events/event-bus.ts';
import {
  endCallStep,
  finishCall,
  type OpenCalls,
  saveCalls,
  startCall,
} from './hosted-call-steps.ts';
import { StreamedContent } from './message-content.ts';
import type { TransitionData } from '../run-state-machine.ts';
import { withDifferences } from './run-differences.ts';
import { retryWhileUnavailable } from './write-retry.ts';
import {
  endMessageStep,
  type OpenMessage,
  startMessage,
  type WriteContext,
} from './step-writer.ts';
import { type Execution, LeaseLost } from './execution.ts';

type CallStarted = Extract<ModelEvent, { type: 'call_started' }>;
type CallDone = Extract<ModelEvent, { type: 'call_done' }>;
type TurnSoFar = Extract<ModelEvent, { type: 'turn_so_far' }>;
type Change<T> = (writeContext: WriteContext, run: RunRow, isRetry: boolean) => Promise<T>;

/** A complete message; it is saved once it is known whether the turn ends with it. */
interface CompleteMessage {
  readonly open: OpenMessage;
  readonly content: MessageContent[];
}

const incompleteReasons = {
  length: 'max_tokens',
  content_filter: 'content_filter',
  stop: null,
  other: null,
} as const satisfies Record<FinishedEvent['end'], string | null>;

/**
 * Saves one model call as it streams, and publishes its events. Every write requires the run's lease,
 * so that an outdated execution changes nothing. Deltas are published at once, but saved only when
 * their message ends or the call is interrupted. Writes wait while the database is unavailable.
 */
export class TurnRecorder {
  readonly #deps: EngineDeps;
  readonly #run: RunRow;
  readonly #token: string;
  readonly #published: Promise<void>;
  readonly #context: RunContext;
  readonly #signal: AbortSignal;
  #open: OpenMessage | null = null;
  #content = new StreamedContent();
  #complete: CompleteMessage | null = null;
  #calls: OpenCalls | null = null;
  #hasMessage = false;
  /** The turn's earlier model calls, for a turn that is interrupted. */
  #soFar: TurnSoFar | null = null;

  constructor(deps: EngineDeps, execution: Execution, context: RunContext) {
    this.#deps = deps;
    this.#run = execution.run;
    this.#token = execution.token;
    this.#published = execution.published;
    this.#signal = execution.signal;
    this.#context = context;
  }

  /** Returns a promise for events that are saved; deltas are only published. */
  record(event: ModelEvent): Promise<void> | undefined {
    switch (event.type) {
      case 'reasoning':
        return undefined;
      case 'message_started':
        return this.#startMessage();
      case 'delta':
        if (this.#open !== null) {
          this.#publish(this.#content.append(this.#open.message.id, event));
        }
        return undefined;
      case 'message_done':
        if (this.#open === null) throw new Error('message_done without message_started');
        this.#complete = { open: this.#open, content: this.#content.parts };
        this.#open = null;
        this.#hasMessage = true;
        return undefined;
      case 'image':
        if (this.#open !== null) {
          this.#publish(this.#content.appendImage(this.#open.message.id, event.file_id));
        }
        return undefined;
      case 'call_started':
        return this.#startCall(event);
      case 'call_input':
        this.#appendInput(event.text);
        return undefined;
      case 'call_done':
        return this.#finishCall(event);
      case 'turn_so_far':
        this.#soFar = event;
        return undefined;
      case 'finished':
        return this.#write((writeContext, run) => this.#finish(writeContext, run, event));
    }
  }

  /** Ends the run and saves the text and the code streamed so far. */
  end(ending: 'stop' | 'expire' | 'fail' | 'cut_off', data: TransitionData = {}): Promise<void> {
    return this.#write(async (writeContext, run) => {
      const { db } = writeContext;
      const usage = this.#soFar?.usage ?? noUsage;
      const hasOpenStep = this.#open !== null || typeof this.#calls?.input === 'string';
      const lastUsage = hasOpenStep ? noUsage : usage;
      await this.#endComplete(writeContext, this.#calls === null ? lastUsage : noUsage);
      if (this.#calls !== null) await this.#endOrSaveCalls(writeContext, this.#calls, lastUsage);
      if (this.#open !== null) {
        const { message } = this.#open;
        const body = { ...messageBody(message), content: this.#content.parts };
        await updateMessageBody(db, message.id, body);
      }
      if (this.#soFar !== null)
        await insertTurn(db, run.id, this.#context.turns.length, this.#soFar);
      await endRun(writeContext, run, ending, data, hasOpenStep ? usage : noUsage);
    });
  }

  /** Shows on the run why the model is called again; null: it has answered. */
  async showRetry(error: OpenAI.Beta.Threads.Run.LastError | null): Promise<void> {
    const show: Change<unknown> = ({ db }, run) => {
      const { status, state } = runSnapshot(run);
      const { lease_token, lease_until } = run;
      const shown = { ...state, ...(error !== null && { retried_error: error }) };
      return updateRun(db, run, { status, state: shown, lease_token, lease_until });
    };
    await this.#write(show, { asyncCommit: true });
  }

  /** Undoes this call and drops the lease, so that another process can claim the run. */
  release(): Promise<void> {
    return this.#write(async ({ db }, run) => {
      await discardUnfinished(db, run);
      await updateRun(db, run, { ...runSnapshot(run), ...noLease });
    });
  }

  #publish(event: StreamEvent): void {
    this.#deps.events.publish(this.#run.id, event);
  }

  async #startCall({ call }: CallStarted): Promise<void> {
    const start: Change<OpenCalls> = async (writeContext, run, isRetry) => {
      await this.#endComplete(writeContext, noUsage);
      if (isRetry && this.#calls === null) await discardOpen(writeContext.db, run);
      return startCall(writeContext, run, this.#calls, call);
    };
    this.#calls = await this.#write(start, { asyncCommit: true });
    this.#complete = null;
  }

  #appendInput(text: string): void {
    if (this.#calls === null) return;
    const { step, calls, input } = this.#calls;
    this.#calls = { ...this.#calls, input: (input ?? '') + text };
    this.#publish(inputDelta(step.id, calls.length - 1, text));
  }

  async #finishCall(event: CallDone): Promise<void> {
    const open = this.#calls;
    if (open === null) throw new Error('call_done without call_started');
    const finish: Change<OpenCalls> = (writeContext, run) =>
      finishCall(writeContext, run, open, event);
    this.#calls = await this.#write(finish, { asyncCommit: true });
  }

  /** Ends the step, unless a call is in progress: then `endRun` ends it. */
  #endOrSaveCalls(writeContext: WriteContext, calls: OpenCalls, usage: Usage): Promise<void> {
    return calls.input === null
      ? endCallStep(writeContext, calls, usage)
      : saveCalls(writeContext, calls);
  }

  /** Applies a change in a transaction. It may be retried, so it must not change the recorder. */
  async #write<T>(change: Change<T>, options: CommitOptions = {}): Promise<T> {
    const { events, db: database, clock, ids } = this.#deps;
    await this.#published;
    const execution = { run: this.#run, signal: this.#signal };
    return retryWhileUnavailable(this.#deps, execution, (isRetry) => {
      const changeLeased = async (db: Database, emit: Emit) => {
        const run = await findLeased(db, this.#run, this.#token);
        if (run === undefined) throw new LeaseLost();
        return change({ db, emit, clock, ids }, run, isRetry);
      };
      return events.transactAndPublish(database, changeLeased, options);
    });
  }

  async #startMessage(): Promise<void> {
    const start: Change<OpenMessage> = async (writeContext, run, isRetry) => {
      await this.#endComplete(writeContext, noUsage);
      if (this.#calls !== null) await endCallStep(writeContext, this.#calls, noUsage);
      // The earlier attempt may have been committed without a confirmation.
      if (isRetry) await discardOpen(writeContext.db, run);
      return startMessage(writeContext, run);
    };
    this.#open = await this.#write(start, { asyncCommit: true });
    this.#complete = null;
    this.#calls = null;
    this.#content = new StreamedContent();
  }

  /** Ends the complete message, if there is one; `finished` when the turn ends with it. */
  async #endComplete(
    writeContext: WriteContext,
    usage: Usage,
    finished?: FinishedEvent,
  ): Promise<void> {
    if (this.#complete === null) return;
    const { open, content } = this.#complete;
    const reason = finished?.truncated ? incompleteReasons[finished.end] : null;
    await endMessageStep(writeContext, open, content, { reason, usage });
  }

  async #finish(writeContext: WriteContext, run: RunRow, event: FinishedEvent): Promise<void> {
    const { items, usage } = event;
    const { turns, usedTokens } = this.#context;
    await insertTurn(writeContext.db, run.id, turns.length, { items, usage });
    const noted = withDifferences(run, event, this.#complete?.content ?? []);
    // The last step of the turn gets its usage; a step of function calls is yet to come.
    const stepUsage = endsWithCalls(event) ? noUsage : usage;
    await this.#endComplete(writeContext, stepUsage, event);
    if (this.#calls !== null) await endCallStep(writeContext, this.#calls, stepUsage);
    const totals = { usedTokens: sumUsage([usedTokens, usage]), hasMessage: this.#hasMessage };
    await finishTurn(writeContext, noted, event, totals);
  }
}
