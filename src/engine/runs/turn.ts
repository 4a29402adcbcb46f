import { seconds } from '../../clock.ts';
import { type MessageContent, type ModelEvent, noUsage } from '../models/model.ts';
import type { EngineOptions } from '../options.ts';
import { findLeased } from '../store/leases.ts';
import { type RunRow, runSettings, runState, updateRun } from '../store/runs.ts';
import type { Database, Usage } from '../store/schema.ts';
import { insertTurn, sumUsage } from '../store/turns.ts';
import { type Context, overPromptBudget } from './context.ts';
import { discardOpenMessages, endRun } from './ending.ts';
import { advance, nextStatus, type Outcome } from './machine.ts';
import { closeMessage, endMessage, type OpenMessage, openMessage, openToolStep } from './steps.ts';

type Finished = Extract<ModelEvent, { type: 'finished' }>;
type Delta = Extract<ModelEvent, { type: 'delta' }>;
type Author = Pick<EngineOptions, 'db' | 'clock' | 'ids'>;

/** The lease went to someone else: this execution has nothing more to say. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

/** A message that is done but whose step waits to learn whether the turn ends with it. */
interface DoneMessage {
  readonly open: OpenMessage;
  readonly content: MessageContent[];
  readonly cut: boolean;
}

function grow(content: MessageContent[], { part, kind, text }: Delta): void {
  const grown = content[part];
  if (grown?.type === 'text') grown.text.value += text;
  else if (grown?.type === 'refusal') grown.refusal += text;
  else {
    content[part] =
      kind === 'text'
        ? { type: kind, text: { value: text, annotations: [] } }
        : { type: kind, refusal: text };
  }
}

/**
 * Writes one model call into the store while it happens. Nothing is written unless the execution
 * still holds the run's lease, so a late writer changes nothing. Deltas stay in memory until their
 * message is done or the call is interrupted.
 */
export class TurnRecorder {
  readonly #author: Author;
  readonly #run: RunRow;
  readonly #token: string;
  readonly #context: Context;
  #open: OpenMessage | null = null;
  #content: MessageContent[] = [];
  #done: DoneMessage | null = null;
  #spoke = false;

  constructor(author: Author, run: RunRow, token: string, context: Context) {
    this.#author = author;
    this.#run = run;
    this.#token = token;
    this.#context = context;
  }

  async record(event: ModelEvent): Promise<void> {
    switch (event.type) {
      case 'message_started':
        return this.#start();
      case 'delta':
        return grow(this.#content, event);
      case 'message_done':
        if (this.#open === null) throw new Error('a message is done that was never started');
        this.#done = { open: this.#open, content: event.content ?? this.#said(), cut: event.cut };
        this.#open = null;
        this.#spoke = true;
        return undefined;
      case 'finished':
        return this.#write((db, run) => this.#finish(db, run, event));
    }
  }

  /** Ends the run here, keeping the text that has come so far. */
  end(ending: 'stop' | 'expire' | 'fail' | 'cut_off', outcome: Outcome = {}): Promise<void> {
    return this.#write(async (db, run) => {
      const now = seconds(this.#author.clock);
      await this.#closeDone(db, noUsage);
      if (this.#open !== null) {
        const { message } = this.#open;
        const reasons = {
          stop: 'run_cancelled',
          expire: 'run_expired',
          fail: 'run_failed',
        } as const;
        const reason = ending === 'cut_off' ? 'max_tokens' : reasons[ending];
        await endMessage(db, message, this.#said(), now, reason);
      }
      await endRun(db, run, ending, now, outcome);
    });
  }

  /** Hands the run back as it was before this call, for another execution to take. */
  release(): Promise<void> {
    return this.#write(async (db, run) => {
      await discardOpenMessages(db, run);
      const { status } = run;
      await updateRun(db, run.id, {
        status,
        state: runState(run),
        lease_token: null,
        lease_until: null,
      });
    });
  }

  /** The open message as far as it has come; parts that never began leave no hole. */
  #said(): MessageContent[] {
    return this.#content.filter(Boolean);
  }

  async #write(change: (db: Database, run: RunRow) => Promise<void>): Promise<void> {
    await this.#author.db.transaction().execute(async (db) => {
      const run = await findLeased(db, this.#run.id, this.#token);
      if (run === undefined) throw new LeaseLost();
      await change(db, run);
    });
  }

  #start(): Promise<void> {
    return this.#write(async (db, run) => {
      await this.#closeDone(db, noUsage);
      this.#content = [];
      this.#open = await openMessage(db, run, this.#author);
    });
  }

  async #closeDone(db: Database, usage: Usage, end: Finished['end'] = 'stop'): Promise<void> {
    if (this.#done === null) return;
    const { open, content, cut } = this.#done;
    const reasons = {
      length: 'max_tokens',
      content_filter: 'content_filter',
      stop: null,
      other: null,
    } as const;
    const reason = cut ? reasons[end] : null;
    await closeMessage(db, open, content, seconds(this.#author.clock), { reason, usage });
    this.#done = null;
  }

  async #finish(db: Database, run: RunRow, event: Finished): Promise<void> {
    const { items, calls, usage } = event;
    const calling = calls.length > 0 && (event.end === 'stop' || event.end === 'other');
    const waits = calling && nextStatus(run.status, 'require_action') !== undefined;
    await insertTurn(db, run.id, this.#context.turns.length, { items, usage });
    await this.#closeDone(db, waits ? noUsage : usage, event.end);
    if (waits) await this.#requireAction(db, run, event);
    else if (calling) await endRun(db, run, 'stop', seconds(this.#author.clock));
    else await this.#conclude(db, run, event);
  }

  async #requireAction(db: Database, run: RunRow, { calls }: Finished): Promise<void> {
    await openToolStep(db, run, calls, this.#author);
    const tool_calls = calls.map(({ id, name, arguments: args }) => ({
      id,
      type: 'function' as const,
      function: { name, arguments: args },
    }));
    const moved = advance(
      { status: run.status, state: runState(run) },
      'require_action',
      seconds(this.#author.clock),
      { required_action: { type: 'submit_tool_outputs', submit_tool_outputs: { tool_calls } } },
    );
    await updateRun(db, run.id, { ...moved, lease_token: null, lease_until: null });
  }

  /** The end of a run whose model has nothing more to do (contract §5.7, §8.7). */
  async #conclude(db: Database, run: RunRow, event: Finished): Promise<void> {
    const now = seconds(this.#author.clock);
    const spent = sumUsage([this.#context.spent, event.usage]);
    if (event.end === 'content_filter' && !this.#spoke) {
      const message = "The model's answer was withheld by its content filter.";
      await endRun(db, run, 'fail', now, { last_error: { code: 'invalid_prompt', message } });
    } else if (event.end === 'length') {
      const incomplete_details = { reason: 'max_completion_tokens' } as const;
      await endRun(db, run, 'cut_off', now, { incomplete_details });
    } else if (overPromptBudget(runSettings(run), spent)) {
      const incomplete_details = { reason: 'max_prompt_tokens' } as const;
      await endRun(db, run, 'cut_off', now, { incomplete_details });
    } else if (event.end === 'content_filter' || (event.end === 'other' && !this.#spoke)) {
      await endRun(db, run, 'cut_off', now);
    } else {
      await endRun(db, run, 'complete', now);
    }
  }
}
