import type OpenAI from 'openai';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useAttempt } from '../components/attempt.ts';
import { Empty, ErrorNotice } from '../components/notice.tsx';
import { activeRun } from '../data/thread-state.ts';
import { ThreadStore, useThreadState } from '../data/thread-store.ts';
import { shortId } from '../format.ts';
import { goTo, hrefOf, type Place } from '../router.ts';
import { useSession, useTitle } from '../session.ts';
import { MessageField } from '../threads/composer.tsx';
import { Conversation } from '../threads/conversation.tsx';
import { OutputsForm } from '../threads/outputs-form.tsx';

type Assistant = OpenAI.Beta.Assistant;

/** One side's thread, which its first message makes. */
interface Side {
  readonly store: ThreadStore;
  readonly assistant_id: string;
}

const sideNames = ['a', 'b'] as const;
type SideName = (typeof sideNames)[number];

function SideConversation({ side, assistants }: { side: Side; assistants: readonly Assistant[] }) {
  const { store } = side;
  const state = useThreadState(store);
  const [error, attempt] = useAttempt();
  const run = activeRun(state);
  return (
    <>
      <p class="hint">
        <a href={hrefOf(['threads', store.id])}>{shortId(store.id)}</a>
      </p>
      <Conversation store={store} state={state} assistants={assistants} onBranch={null} />
      {error !== null && <ErrorNotice error={error} />}
      {run?.status === 'requires_action' && (
        <OutputsForm
          key={JSON.stringify(run.required_action)}
          run={run}
          onSubmit={(outputs) => attempt(() => store.submitOutputs(run.id, outputs))}
        />
      )}
    </>
  );
}

interface ChoiceProps {
  readonly name: SideName;
  readonly chosen: string;
  readonly place: Place;
  readonly assistants: readonly Assistant[];
}

const AssistantChoice = ({ name, chosen, place, assistants }: ChoiceProps) => (
  <select
    aria-label={`Assistant ${name.toUpperCase()}`}
    value={chosen}
    onChange={({ currentTarget }) =>
      goTo(['compare'], { ...place.query, [name]: currentTarget.value }, true)
    }
  >
    {name !== 'a' && <option value="">Compare with…</option>}
    {assistants.map((assistant) => (
      <option value={assistant.id}>{assistant.name ?? shortId(assistant.id)}</option>
    ))}
  </select>
);

/** The threads of both sides, and what sends a message to one of them. */
function useSides() {
  const { openai, report } = useSession();
  const [sides, setSides] = useState<Readonly<Partial<Record<SideName, Side>>>>({});
  const latest = useRef(sides);
  latest.current = sides;
  useEffect(() => () => sideNames.forEach((name) => latest.current[name]?.store.close()), []);
  const send = async (name: SideName, assistant_id: string, content: string) => {
    const { threads } = openai.beta;
    const known = sides[name]?.assistant_id === assistant_id ? sides[name]?.store : undefined;
    const id = known?.id ?? (await threads.create()).id;
    if (known === undefined) sides[name]?.store.close();
    const store = known ?? new ThreadStore(openai, id, report);
    setSides((before) => ({ ...before, [name]: { store, assistant_id } }));
    await threads.messages.create(id, { role: 'user', content });
    await store.load();
    await store.startRun(assistant_id);
  };
  return [sides, send] as const;
}

interface Props {
  readonly place: Place;
  readonly assistants: readonly Assistant[];
}

/** One message to one or two assistants, side by side, each on a thread of its own. */
export function CompareView({ place, assistants }: Props) {
  const { config } = useSession();
  const [text, setText] = useState('');
  const [error, attempt] = useAttempt();
  const [sides, sendTo] = useSides();
  useTitle('Compare');
  if (config.read_only) return <Empty title="This server is read-only" isPage />;
  if (assistants.length === 0) return <Empty title="Create an assistant first" isPage />;
  const chosen = { a: place.query['a'] ?? assistants[0]?.id ?? '', b: place.query['b'] ?? '' };
  const send = (event?: Event) => {
    event?.preventDefault();
    if (text.trim() === '') return;
    setText('');
    const names = sideNames.filter((name) => chosen[name] !== '');
    void attempt(() => Promise.all(names.map((name) => sendTo(name, chosen[name], text))));
  };
  return (
    <section class="compare" aria-label="Compare assistants">
      <h1 class="visually-hidden">Compare assistants</h1>
      <div class="compare-sides">
        {sideNames.map((name) => {
          const side = sides[name];
          return (
            <div class="compare-side" key={name}>
              <AssistantChoice {...{ name, place, assistants }} chosen={chosen[name]} />
              {side?.assistant_id === chosen[name] && (
                <SideConversation key={side.store.id} side={side} assistants={assistants} />
              )}
            </div>
          );
        })}
      </div>
      {error !== null && <ErrorNotice error={error} />}
      <form class="composer" onSubmit={send}>
        <MessageField
          placeholder="Write a message to all…"
          text={text}
          onText={setText}
          onSend={send}
        />
        <div class="row">
          <span class="grow" />
          <button type="submit" class="primary" disabled={text.trim() === ''}>
            Send <kbd aria-hidden="true">Ctrl ⏎</kbd>
          </button>
        </div>
      </form>
    </section>
  );
}
