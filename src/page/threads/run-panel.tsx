import { useEffect } from 'preact/hooks';
import { CallSample } from '../components/call-sample.tsx';
import { Json } from '../components/json.tsx';
import { Status } from '../components/status.tsx';
import { callSamples } from '../data/call-samples.ts';
import { endOf, isMoving } from '../data/overview.ts';
import type { Run, Step, ThreadState } from '../data/thread-state.ts';
import type { ThreadStore } from '../data/thread-store.ts';
import { formatDate, formatNumber, formatSeconds, shortId } from '../format.ts';
import { hrefOf } from '../router.ts';
import { RunTimeline } from './run-timeline.tsx';

/** Fields that the server adds to a run beside those of the SDK's type. */
type ServedRun = Run & {
  readonly retried_error?: Run['last_error'];
  readonly omitted_parameters?: readonly string[];
  readonly omitted_tools?: readonly string[];
  readonly response_format_mismatch?: string;
};

function Problems({ run }: { run: ServedRun }) {
  const { last_error, incomplete_details, retried_error, status } = run;
  return (
    <>
      {last_error !== null && (
        <div class="notice notice-error" role="alert">
          <strong>{last_error.code}</strong>
          <p class="break">{last_error.message}</p>
        </div>
      )}
      {incomplete_details !== null && (
        <p class="notice">Incomplete: {incomplete_details.reason ?? 'the model stopped early'}</p>
      )}
      {status === 'expired' && (
        <p class="notice">The run expired: it did not end in its time limit.</p>
      )}
      {retried_error && (
        <p class="notice">The model is being called again: {retried_error.message}</p>
      )}
      {run.omitted_parameters !== undefined && (
        <p class="notice">Not sent to the model: {run.omitted_parameters.join(', ')}</p>
      )}
      {run.omitted_tools !== undefined && (
        <p class="notice">Tools that the endpoint lacks: {run.omitted_tools.join(', ')}</p>
      )}
      {run.response_format_mismatch !== undefined && (
        <p class="notice">{run.response_format_mismatch}</p>
      )}
    </>
  );
}

function Figures({ run }: { run: Run }) {
  const end = endOf(run);
  return (
    <dl class="figures">
      <div>
        <dt>Model</dt>
        <dd class="break">{run.model}</dd>
      </div>
      <div>
        <dt>Created</dt>
        <dd>{formatDate(run.created_at)}</dd>
      </div>
      {end !== null && (
        <div>
          <dt>Duration</dt>
          <dd>{formatSeconds(end - run.created_at)}</dd>
        </div>
      )}
      {run.usage !== null && (
        <div>
          <dt>Tokens</dt>
          <dd>
            {formatNumber(run.usage.prompt_tokens)} in, {formatNumber(run.usage.completion_tokens)}{' '}
            out
          </dd>
        </div>
      )}
    </dl>
  );
}

/** What a run did and what it was told: problems, figures, timeline, instructions and tools. */
export function RunDetails({ run, steps }: { run: Run; steps: readonly Step[] }) {
  return (
    <>
      <Problems run={run} />
      <Figures run={run} />
      <RunTimeline run={run} steps={steps} />
      {run.instructions !== null && run.instructions !== '' && (
        <details>
          <summary>Instructions</summary>
          <pre class="plain">{run.instructions}</pre>
        </details>
      )}
      {run.tools.length > 0 && (
        <details>
          <summary>Tools ({run.tools.length})</summary>
          <Json text={JSON.stringify(run.tools)} label="Tools" />
        </details>
      )}
    </>
  );
}

interface Props {
  readonly store: ThreadStore;
  readonly state: ThreadState;
  readonly run: Run;
  readonly onCancel: (() => void) | null;
}

/** A run beside its conversation: status, figures, timeline, errors. */
export function RunPanel({ store, state, run, onCancel }: Props) {
  const steps = state.steps[run.id];
  useEffect(() => {
    if (steps === undefined || !isMoving(run)) void store.loadSteps(run.id);
  }, [run.id, run.status]);
  return (
    <aside class="run scroll" aria-label="Run">
      <header class="run-header">
        <a class="back" href={hrefOf(['threads', run.thread_id])}>
          ‹ Conversation
        </a>
        <h2 title={run.id}>{shortId(run.id)}</h2>
        <Status status={run.status} />
        {onCancel !== null &&
          (run.status === 'in_progress' ||
            run.status === 'queued' ||
            run.status === 'requires_action') && (
            <button type="button" onClick={onCancel}>
              Cancel the run
            </button>
          )}
      </header>
      <RunDetails run={run} steps={steps ?? []} />
      <p class="hint break">{run.id}</p>
      <CallSample sample={callSamples.retrieveRun(run.thread_id, run.id)} />
    </aside>
  );
}
