import type OpenAI from 'openai';
import type { ComponentChildren } from 'preact';
import { useCallback, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { CallSample } from '../components/call-sample.tsx';
import { Status } from '../components/status.tsx';
import { callSamples } from '../data/call-samples.ts';
import { isMoving } from '../data/overview.ts';
import { activeRun, type Message, type Run, type ThreadState } from '../data/thread-state.ts';
import type { ThreadStore } from '../data/thread-store.ts';
import { shortId } from '../format.ts';
import { hrefOf } from '../router.ts';
import { MessageBlocks } from './message-blocks.tsx';
import { MessageView } from './message.tsx';

interface Props {
  readonly store: ThreadStore;
  readonly state: ThreadState;
  readonly assistants: readonly OpenAI.Beta.Assistant[];
  readonly onBranch: ((message: Message) => void) | null;
}

/** Runs that have written no message: without a line of their own they would not be seen. */
function silentRuns({ messages, runs, hasOlder }: ThreadState): Run[] {
  const oldest = messages[0]?.created_at ?? 0;
  const isShown = (run: Run) => !hasOlder || run.created_at >= oldest;
  return runs
    .filter((run) => isShown(run) && !messages.some(({ run_id }) => run_id === run.id))
    .toReversed();
}

const RunLine = ({ run }: { run: Run }) => (
  <p class="run-line">
    <a href={hrefOf(['threads', run.thread_id, 'runs', run.id])}>Run {shortId(run.id)}</a>{' '}
    <Status status={run.status} />
    {run.last_error !== null && <span class="error-text">{run.last_error.message}</span>}
  </p>
);

/** Tells one state of the end of a conversation from another. */
function newestOf(messages: readonly Message[], run: Run | undefined): string {
  const last = messages.at(-1);
  return `${last?.id} ${JSON.stringify(last?.content ?? []).length} ${run?.status}`;
}

/** Whether the end is in view, with some tolerance in pixels. */
const isAtEnd = (element: Element): boolean =>
  element.scrollHeight - element.scrollTop - element.clientHeight < 60;

interface ScrollerProps {
  /** Changes with what is at the end. */
  readonly newest: unknown;
  readonly onStart: (() => void) | null;
  /** Changes when messages are added at the beginning. */
  readonly oldestId: string | undefined;
  readonly children: ComponentChildren;
}

/** What scrolls. It follows the end of a growing text only while the end is in view. */
function Scroller({ newest, onStart, oldestId, children }: ScrollerProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  const [hasNew, setHasNew] = useState(false);
  const toEnd = () => {
    following.current = true;
    setHasNew(false);
    scroller.current?.scrollTo({ top: scroller.current.scrollHeight });
  };
  useLayoutEffect(() => {
    if (following.current) toEnd();
    else setHasNew(true);
  }, [newest]);
  const onScroll = () => {
    following.current = scroller.current !== null && isAtEnd(scroller.current);
    if (following.current) setHasNew(false);
  };
  const observer = useRef<IntersectionObserver | null>(null);
  const start = useCallback(
    (element: Element | null) => {
      observer.current?.disconnect();
      if (element === null || onStart === null) return;
      observer.current = new IntersectionObserver(
        (entries) => entries.some((entry) => entry.isIntersecting) && onStart(),
        { root: scroller.current, rootMargin: '800px 0px 0px 0px' },
      );
      observer.current.observe(element);
    },
    [oldestId],
  );
  return (
    <div
      class="conversation scroll"
      ref={scroller}
      onScroll={onScroll}
      tabIndex={0}
      role="log"
      aria-label="Conversation"
    >
      <p class="list-start" key={oldestId} ref={start}>
        {onStart === null ? 'Beginning of the thread' : 'Loading earlier messages…'}
      </p>
      {children}
      {hasNew && (
        <button type="button" class="new-text" onClick={toEnd}>
          New text ↓
        </button>
      )}
    </div>
  );
}

/** The messages of a thread, and the runs that have not written any. */
export function Conversation({ store, state, assistants, onBranch }: Props) {
  const { messages, hasOlder } = state;
  const run = activeRun(state);
  const isWorking = run !== undefined && isMoving(run);
  const isStreaming = ({ status }: Message): boolean => isWorking && status === 'in_progress';
  const nameOf = ({ role, assistant_id }: Message): string =>
    role === 'user'
      ? 'User'
      : (assistants.find(({ id }) => id === assistant_id)?.name ?? 'Assistant');
  return (
    <Scroller
      newest={newestOf(messages, run)}
      oldestId={messages[0]?.id}
      onStart={hasOlder ? () => void store.loadOlder() : null}
    >
      <MessageBlocks messages={messages}>
        {(message) => (
          <MessageView
            key={message.id}
            message={message}
            author={nameOf(message)}
            isStreaming={isStreaming(message)}
            onBranch={onBranch}
          />
        )}
      </MessageBlocks>
      {silentRuns(state).map((silent) => (
        <RunLine key={silent.id} run={silent} />
      ))}
      {isWorking && !messages.some(isStreaming) && (
        <p class="working" role="status">
          <span class="cursor" aria-hidden="true" />{' '}
          {run.status === 'queued' ? 'Waiting for a worker' : 'Working'}
        </p>
      )}
      <CallSample sample={callSamples.listMessages(store.id)} />
    </Scroller>
  );
}
