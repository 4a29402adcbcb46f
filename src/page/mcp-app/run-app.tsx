import type OpenAI from 'openai';
import { useMemo } from 'preact/hooks';
import { fieldOf } from '../../shared/json.ts';
import { useAttempt } from '../components/attempt.ts';
import { Markdown } from '../components/markdown.tsx';
import { ErrorNotice, Loading } from '../components/notice.tsx';
import { Status } from '../components/status.tsx';
import { isActive, isMoving } from '../data/overview.ts';
import type { Message, ToolOutput } from '../data/thread-state.ts';
import { shortId } from '../format.ts';
import { SessionContext } from '../session.ts';
import { MessageView } from '../threads/message.tsx';
import { OutputsForm } from '../threads/outputs-form.tsx';
import { RunDetails } from '../threads/run-panel.tsx';
import type { Host } from './host.ts';
import { textOf, type ToolResult } from './tool-fetch.ts';
import { objectOf, runIdsOf, type RunIds } from './tool-result.ts';
import { type RunState, useRun } from './use-run.ts';

const Messages = ({ messages }: { messages: readonly Message[] }) =>
  messages.map((message) => (
    <MessageView
      key={message.id}
      message={message}
      author={message.role === 'user' ? 'User' : 'Assistant'}
      isStreaming={message.status === 'in_progress'}
      onBranch={null}
    />
  ));

/** The messages before a run: the question that it answers is shown, older ones can be. */
function Earlier({ messages }: { messages: readonly Message[] }) {
  const last = messages.findLastIndex(({ role }) => role === 'assistant');
  const [older, question] = [messages.slice(0, last + 1), messages.slice(last + 1)];
  return (
    <>
      {older.length > 0 && (
        <details>
          <summary>Earlier messages ({older.length})</summary>
          <Messages messages={older} />
        </details>
      )}
      <Messages messages={question} />
    </>
  );
}

interface RunProps {
  readonly openai: OpenAI;
  readonly host: Host;
  readonly ids: RunIds;
}

interface ShownRunProps extends RunProps {
  readonly state: RunState;
  /** Makes a change, says to the model what it was, and reads the run again. */
  readonly change: (call: () => Promise<unknown>, words: string) => Promise<unknown>;
}

function RunHeader({ openai, host, ids, state: { run }, change }: ShownRunProps) {
  const { thread_id, run_id } = ids;
  const canCancel = isActive(run) && run.status !== 'cancelling' && host.tools.has('cancel_run');
  const cancel = () => openai.beta.threads.runs.cancel(run_id, { thread_id });
  return (
    <header class="run-header">
      <h1 title={run_id}>{shortId(run_id)}</h1>
      <Status status={run.status} />
      {canCancel && (
        <button type="button" onClick={() => void change(cancel, 'cancelled')}>
          Cancel the run
        </button>
      )}
    </header>
  );
}

function RunConversation({ openai, host, ids, state, change }: ShownRunProps) {
  const { run, earlier, replies } = state;
  const { thread_id, run_id } = ids;
  const submit = (tool_outputs: ToolOutput[]) =>
    change(
      () => openai.beta.threads.runs.submitToolOutputs(run_id, { thread_id, tool_outputs }),
      'submitted the tool outputs of',
    );
  const canSubmit = run.status === 'requires_action' && host.tools.has('submit_tool_outputs');
  return (
    <section role="log" aria-label="Conversation">
      <Earlier messages={earlier} />
      <Messages messages={replies} />
      {isMoving(run) && (
        <p class="working" role="status">
          <span class="cursor" aria-hidden="true" />{' '}
          {run.status === 'queued' ? 'Waiting for a worker' : 'Working'}
        </p>
      )}
      {canSubmit && (
        <details>
          <summary>Answer the function calls yourself</summary>
          <OutputsForm key={JSON.stringify(run.required_action)} run={run} onSubmit={submit} />
        </details>
      )}
    </section>
  );
}

/** One run with its part of the conversation. */
function RunView(props: RunProps) {
  const { openai, host, ids } = props;
  const { state, error, reload } = useRun(openai, ids);
  const [failed, attempt] = useAttempt();
  if (state === null) {
    if (error === null) return <Loading />;
    return <ErrorNotice error={error} onRetry={() => void reload()} />;
  }
  const change = (call: () => Promise<unknown>, words: string) =>
    attempt(async () => {
      await call();
      await reload();
      await host.tellModel(`In the app, the person ${words} the run ${ids.run_id}.`);
    });
  const shown = { ...props, state, change };
  return (
    <>
      <RunHeader {...shown} />
      {(failed ?? error) !== null && <ErrorNotice error={failed ?? error} />}
      <div class="app-columns">
        <RunConversation {...shown} />
        <section class="run" aria-label="Run">
          <RunDetails run={state.run} steps={state.steps} />
        </section>
      </div>
    </>
  );
}

/** What a result itself says, for hosts in which an app cannot call tools. */
function ResultView({ result }: { result: ToolResult }) {
  const object = objectOf(result);
  const [status, reply] = [fieldOf(object, 'status'), fieldOf(object, 'reply')];
  return (
    <>
      {typeof status === 'string' && <p>The run is {status.replaceAll('_', ' ')}.</p>}
      {typeof reply === 'string' && <Markdown text={reply} />}
    </>
  );
}

interface Props {
  readonly openai: OpenAI;
  readonly host: Host;
  /** Null: the call has not been answered yet. */
  readonly result: ToolResult | null;
  readonly isCancelled: boolean;
}

/** What a host shows beside the result of a call that starts, continues or reads a run. */
export function RunApp({ openai, host, result, isCancelled }: Props) {
  const session = useMemo(
    () => ({
      openai,
      config: { read_only: false, model_api: '', version: '' },
      report: () => {},
      online: () => {},
      isEmbedded: true,
    }),
    [openai],
  );
  if (isCancelled) return <p class="hint">The call was cancelled.</p>;
  if (result === null) return <Loading />;
  if (result.isError) return <ErrorNotice error={new Error(textOf(result))} />;
  const ids = runIdsOf(result);
  if (ids === null || !host.canCallTools) return <ResultView result={result} />;
  return (
    <SessionContext.Provider value={session}>
      <RunView key={ids.run_id} openai={openai} host={host} ids={ids} />
    </SessionContext.Provider>
  );
}
