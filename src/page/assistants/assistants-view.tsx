import type OpenAI from 'openai';
import { CallSample } from '../components/call-sample.tsx';
import { Empty, Loading } from '../components/notice.tsx';
import { callSamples } from '../data/call-samples.ts';
import { formatAge, shortId } from '../format.ts';
import { hrefOf, type Place } from '../router.ts';
import { useNow, useSession, useTitle } from '../session.ts';
import { AssistantEditor } from './assistant-editor.tsx';

interface Props {
  readonly place: Place;
  /** Null while they are loading. */
  readonly assistants: readonly OpenAI.Beta.Assistant[] | null;
  readonly onChange: () => void;
}

/** Assistants: the list, and the editor of one of them. */
export function AssistantsView({ place, assistants, onChange }: Props) {
  const { config } = useSession();
  const now = useNow();
  const [, id = null] = place.path;
  useTitle('Assistants');
  if (assistants === null) return <Loading />;
  const open = assistants.find((assistant) => assistant.id === id);
  return (
    <div class={`columns columns-${id === null ? 'list' : 'thread'}`}>
      <h1 class="visually-hidden">Assistants</h1>
      <nav class="threads" aria-label="Assistants">
        <div class="filters">
          {!config.read_only && (
            <a class="button primary" href={hrefOf(['assistants', 'new'])}>
              New assistant
            </a>
          )}
          <a class="button" href={hrefOf(['compare'])}>
            Compare two
          </a>
        </div>
        <ul class="thread-items">
          {assistants.map((assistant) => (
            <li key={assistant.id}>
              <a
                class="thread-item"
                href={hrefOf(['assistants', assistant.id])}
                aria-current={assistant.id === id ? 'page' : undefined}
              >
                <span class="thread-title">{assistant.name ?? shortId(assistant.id)}</span>
                <span class="thread-meta">
                  <span>{assistant.model}</span>
                  <span>{formatAge(assistant.created_at, now)}</span>
                </span>
              </a>
            </li>
          ))}
          {assistants.length === 0 && <li class="nothing">No assistants yet.</li>}
        </ul>
        <CallSample sample={callSamples.listAssistants()} />
      </nav>
      {id === 'new' && !config.read_only ? (
        <AssistantEditor key="new" assistant={null} onChange={onChange} />
      ) : open !== undefined ? (
        <AssistantEditor key={open.id} assistant={open} onChange={onChange} />
      ) : (
        <Empty title={id === null ? 'Choose an assistant' : 'This assistant does not exist'} />
      )}
    </div>
  );
}
