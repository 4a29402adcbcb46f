import type OpenAI from 'openai';
import { useCallback, useEffect, useMemo } from 'preact/hooks';
import { type Attempt, useAttempt } from '../components/attempt.ts';
import { Empty, ErrorNotice, Loading } from '../components/notice.tsx';
import { isNotFound } from '../data/client.ts';
import { isActive } from '../data/overview.ts';
import {
  activeRun,
  type Message,
  type ThreadState,
  type ToolOutput,
} from '../data/thread-state.ts';
import { ThreadStore, useThreadState } from '../data/thread-store.ts';
import { shortId } from '../format.ts';
import { goTo, hrefOf } from '../router.ts';
import { usePolling, useSession, useTitle } from '../session.ts';
import { branchThread, editedTexts } from './branch.ts';
import { Composer } from './composer.tsx';
import { Conversation } from './conversation.tsx';
import { exportThread } from './export-thread.ts';
import { OutputsForm } from './outputs-form.tsx';
import { RunPanel } from './run-panel.tsx';
import { startedRuns } from './started-runs.ts';

type Assistants = readonly OpenAI.Beta.Assistant[];

interface Props {
  readonly threadId: string;
  readonly runId: string | null;
  readonly assistants: Assistants;
}

const refreshMs = 3000;

const textOf = ({ content }: Message): string => {
  const part = content.find(({ type }) => type === 'text');
  return part?.type === 'text' ? part.text.value : '';
};

/** The beginning of the first question. */
function titleOf(messages: readonly Message[], id: string): string {
  const question = messages.find(({ role }) => role === 'user');
  const text = question === undefined ? '' : textOf(question).trim();
  return text === '' ? shortId(id) : text.slice(0, 80);
}

interface PartProps {
  readonly store: ThreadStore;
  readonly state: ThreadState;
  readonly attempt: Attempt;
}

function Header({ store, attempt, title }: Omit<PartProps, 'state'> & { readonly title: string }) {
  const { openai, config } = useSession();
  const remove = async () => {
    if (!confirm('Delete this thread with its messages and runs?')) return;
    await attempt(() => openai.beta.threads.delete(store.id).then(() => goTo(['threads'])));
  };
  return (
    <header class="thread-header">
      <a class="back" href={hrefOf(['threads'])}>
        ‹ Threads
      </a>
      <h1 title={store.id}>{title}</h1>
      <button type="button" onClick={() => void attempt(() => exportThread(openai, store.id))}>
        Export
      </button>
      {!config.read_only && (
        <button type="button" onClick={() => void remove()}>
          Delete
        </button>
      )}
    </header>
  );
}

interface InputProps extends PartProps {
  readonly assistants: Assistants;
  readonly onStart: (assistant_id: string) => void;
}

/** What a person can enter now: a message, or the outputs that the run waits for. */
function Input({ store, state, attempt, assistants, onStart }: InputProps) {
  const { openai, config } = useSession();
  const run = activeRun(state);
  if (config.read_only) return null;
  if (run?.status === 'requires_action') {
    const submit = (outputs: ToolOutput[]) => attempt(() => store.submitOutputs(run.id, outputs));
    return <OutputsForm key={JSON.stringify(run.required_action)} run={run} onSubmit={submit} />;
  }
  const initialText = editedTexts.get(store.id);
  const blocked = assistants.length === 0 ? 'Create an assistant first.' : null;
  return (
    <Composer
      key={store.id}
      draftKey={store.id}
      assistants={assistants}
      assistantId={state.runs[0]?.assistant_id ?? ''}
      {...(initialText !== undefined && { initialText })}
      blocked={run === undefined ? blocked : 'A run is active.'}
      onSend={async ({ text, assistant_id, attachments }) => {
        const message = { role: 'user', content: text, attachments } as const;
        await openai.beta.threads.messages.create(store.id, message);
        editedTexts.delete(store.id);
        await store.refresh();
        onStart(assistant_id);
      }}
    />
  );
}

/** Loads the thread and keeps it up to date; starts the run of a thread that was just made. */
function useThread(threadId: string) {
  const { openai, report } = useSession();
  const [error, attempt] = useAttempt();
  const store = useMemo(() => new ThreadStore(openai, threadId, report), [openai, threadId]);
  const state = useThreadState(store);
  const start = (assistant_id: string) => void attempt(() => store.startRun(assistant_id));
  useEffect(() => {
    void store.load();
    const assistant_id = startedRuns.get(threadId);
    startedRuns.delete(threadId);
    if (assistant_id !== undefined) start(assistant_id);
    return () => store.close();
  }, [store]);
  usePolling(() => store.refresh(), state.thread === null ? null : refreshMs);
  return { store, state, start, error, attempt };
}

/**
 * Edits a question in a new thread. It is the same function each time, so that messages that did not
 * change are not drawn again.
 */
function useBranch(attempt: Attempt): (message: Message) => void {
  const { openai } = useSession();
  return useCallback(
    (message) =>
      void attempt(async () => {
        const id = await branchThread(openai, message);
        editedTexts.set(id, textOf(message));
        goTo(['threads', id]);
      }),
    [openai],
  );
}

/** One thread: its conversation, what one can do with it, and a run beside it. */
export function ThreadView({ threadId, runId, assistants }: Props) {
  const { openai, config } = useSession();
  const { store, state, start, error, attempt } = useThread(threadId);
  const title = titleOf(state.messages, threadId);
  useTitle(title);
  const branch = useBranch(attempt);
  if (state.thread === null) {
    if (isNotFound(state.error)) {
      return (
        <Empty title="This thread does not exist" isPage>
          <p>It may have been deleted.</p>
        </Empty>
      );
    }
    if (state.error === null) return <Loading />;
    return <ErrorNotice error={state.error} onRetry={() => void store.load()} />;
  }
  const shown = state.runs.find(({ id }) => id === runId);
  const cancel = (run_id: string) =>
    void attempt(async () => {
      await openai.beta.threads.runs.cancel(run_id, { thread_id: threadId });
      await store.watch(run_id);
    });
  const canCancel = !config.read_only && shown !== undefined && isActive(shown);
  const parts = { store, state, attempt };
  return (
    <>
      <section class="thread" aria-label="Thread">
        <Header {...parts} title={title} />
        {state.isReconnecting && (
          <p class="notice" role="status">
            The stream broke off; the run is being polled.
          </p>
        )}
        {error !== null && <ErrorNotice error={error} />}
        <Conversation
          {...parts}
          assistants={assistants}
          onBranch={config.read_only ? null : branch}
        />
        <Input {...parts} assistants={assistants} onStart={start} />
      </section>
      {shown !== undefined && (
        <RunPanel
          key={shown.id}
          store={store}
          state={state}
          run={shown}
          onCancel={canCancel ? () => cancel(shown.id) : null}
        />
      )}
    </>
  );
}
