import type OpenAI from 'openai';
import { useState } from 'preact/hooks';
import { Empty, ErrorNotice } from '../components/notice.tsx';
import { createSampleAssistant } from '../assistants/sample.ts';
import { goTo, hrefOf, type Place } from '../router.ts';
import { useSession, useTitle } from '../session.ts';
import { Composer } from './composer.tsx';
import { startedRuns } from './started-runs.ts';
import { ThreadList } from './thread-list.tsx';
import { ThreadView } from './thread-view.tsx';

interface Props {
  readonly place: Place;
  readonly assistants: readonly OpenAI.Beta.Assistant[];
  readonly onAssistantsChange: () => void;
}

/** What to do in an empty database. */
function FirstSteps({ onAssistantsChange }: Pick<Props, 'onAssistantsChange'>) {
  const { openai, config } = useSession();
  const [error, setError] = useState<unknown>(null);
  const create = () =>
    createSampleAssistant(openai).then(onAssistantsChange, (reason: unknown) => setError(reason));
  return (
    <Empty title="Start here">
      <ol>
        <li>
          <a href={hrefOf(['assistants', 'new'])}>Create an assistant</a>: a model with instructions
          and tools.
        </li>
        <li>Send it a message. That makes a thread and a run.</li>
        <li>Watch the run, and answer its function calls here.</li>
      </ol>
      {config.model_api === 'scripted' && !config.read_only && (
        <p>
          <button type="button" class="primary" onClick={() => void create()}>
            Make a sample assistant
          </button>
        </p>
      )}
      {error !== null && <ErrorNotice error={error} />}
    </Empty>
  );
}

/** A new thread begins with its first message. */
function NewThread({ assistants }: Pick<Props, 'assistants'>) {
  const { openai } = useSession();
  return (
    <section class="thread new-thread" aria-label="New thread">
      <Empty title="New thread">
        <p>Choose a thread, or write the first message of a new one.</p>
      </Empty>
      <Composer
        draftKey="new"
        assistants={assistants}
        assistantId={assistants[0]?.id ?? ''}
        blocked={null}
        onSend={async ({ text, assistant_id, attachments }) => {
          const message = { role: 'user', content: text, attachments } as const;
          const { id } = await openai.beta.threads.create({ messages: [message] });
          startedRuns.set(id, assistant_id);
          goTo(['threads', id]);
        }}
      />
    </section>
  );
}

/** Threads: the list, one conversation, one run. */
export function ThreadsView({ place, assistants, onAssistantsChange }: Props) {
  const { config } = useSession();
  const [, threadId = null, , runId = null] = place.path;
  useTitle('Threads');
  const columns = threadId === null ? 'list' : runId === null ? 'thread' : 'run';
  return (
    <div class={`columns columns-${columns}`}>
      {threadId === null && <h1 class="visually-hidden">Threads</h1>}
      <ThreadList place={place} assistants={assistants} openId={threadId} />
      {threadId !== null ? (
        <ThreadView key={threadId} threadId={threadId} runId={runId} assistants={assistants} />
      ) : assistants.length === 0 || config.read_only ? (
        <FirstSteps onAssistantsChange={onAssistantsChange} />
      ) : (
        <NewThread assistants={assistants} />
      )}
    </div>
  );
}
