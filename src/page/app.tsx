import type OpenAI from 'openai';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { AssistantsView } from './assistants/assistants-view.tsx';
import { CompareView } from './assistants/compare-view.tsx';
import { ErrorNotice, Loading } from './components/notice.tsx';
import {
  createClient,
  isOffline,
  isUnauthorized,
  loadConfig,
  type PageConfig,
} from './data/client.ts';
import { readToken, saveToken } from './data/token.ts';
import { RunsView } from './runs/runs-view.tsx';
import { hrefOf, usePlace } from './router.ts';
import { type Session, SessionContext, useSession } from './session.ts';
import { useShortcuts } from './shortcuts.ts';
import { ThreadsView } from './threads/threads-view.tsx';
import { TokenForm } from './token-form.tsx';

const sections = ['threads', 'assistants', 'runs'] as const;

const titles = { threads: 'Threads', assistants: 'Assistants', runs: 'Runs' } as const;

async function loadAssistants(openai: OpenAI): Promise<OpenAI.Beta.Assistant[]> {
  const assistants: OpenAI.Beta.Assistant[] = [];
  for await (const assistant of openai.beta.assistants.list({ limit: 100 })) {
    assistants.push(assistant);
  }
  return assistants;
}

function Header({ section, isOffline: offline }: { section: string; isOffline: boolean }) {
  const { config } = useSession();
  return (
    <header class="app-header">
      <a class="brand" href={hrefOf(['threads'])}>
        assistants-mcp
      </a>
      <nav aria-label="Sections">
        {sections.map((name) => (
          <a href={hrefOf([name])} aria-current={name === section ? 'page' : undefined}>
            {titles[name]}
          </a>
        ))}
      </nav>
      <span class="grow" />
      {config.read_only && <span class="badge">read-only</span>}
      {config.model_api === 'scripted' && <span class="badge">scripted model</span>}
      <span class={offline ? 'live live-off' : 'live'} role="status">
        {offline ? '○ offline' : '● live'}
      </span>
    </header>
  );
}

function Views({ isOffline: offline }: { isOffline: boolean }) {
  const { openai, report } = useSession();
  const place = usePlace();
  const [assistants, setAssistants] = useState<readonly OpenAI.Beta.Assistant[] | null>(null);
  const reload = () => void loadAssistants(openai).then(setAssistants, report);
  useEffect(reload, [openai]);
  useShortcuts();
  const [section = 'threads'] = place.path;
  const known = assistants ?? [];
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => (
          event.preventDefault(),
          document.querySelector<HTMLElement>('main')?.focus()
        )}
      >
        Skip to the content
      </a>
      <Header section={section === 'compare' ? 'assistants' : section} isOffline={offline} />
      {offline && (
        <p class="notice notice-error banner" role="alert">
          The server cannot be reached. This page tries again by itself; what you have typed is
          kept.
        </p>
      )}
      <main id="main" tabIndex={-1}>
        {section === 'assistants' ? (
          <AssistantsView place={place} assistants={assistants} onChange={reload} />
        ) : section === 'compare' ? (
          <CompareView place={place} assistants={known} />
        ) : section === 'runs' ? (
          <RunsView place={place} assistants={known} />
        ) : assistants === null ? (
          <Loading />
        ) : (
          <ThreadsView place={place} assistants={known} onAssistantsChange={reload} />
        )}
      </main>
    </>
  );
}

const retryMs = 2000;

/** The whole page: asks for a token if the server wants one, then shows the views. */
export function App() {
  const [token, setToken] = useState(readToken);
  const [isRefused, setRefused] = useState(false);
  const [offline, setOffline] = useState(false);
  const [config, setConfig] = useState<PageConfig | null>(null);
  const [error, setError] = useState<unknown>(null);
  const openai = useMemo(() => createClient(token), [token]);
  const report = useRef((reason: unknown) => {
    if (isUnauthorized(reason)) setRefused(true);
    else if (isOffline(reason)) setOffline(true);
  }).current;
  const online = useRef(() => setOffline(false)).current;
  const start = async () => {
    try {
      setConfig(await loadConfig(token));
      // The page itself may be public while the API wants a token.
      await openai.beta.assistants.list({ limit: 1 });
      setError(null);
      setRefused(false);
    } catch (reason) {
      setError(reason);
      report(reason);
    }
  };
  useEffect(() => void start(), [token]);
  useEffect(() => {
    if (!offline) return;
    const timer = setInterval(() => {
      openai.beta.assistants.list({ limit: 1 }, { maxRetries: 0 }).then(online, report);
    }, retryMs);
    return () => clearInterval(timer);
  }, [offline, openai]);
  const session = useMemo<Session | null>(
    () => config && { openai, config, report, online, isEmbedded: false },
    [openai, config],
  );
  if (isRefused) {
    const onToken = (entered: string) => {
      saveToken(entered);
      setRefused(false);
      if (entered === token) void start();
      setToken(entered);
    };
    return <TokenForm wasWrong={token !== null} onToken={onToken} />;
  }
  if (session === null) {
    return error === null ? (
      <Loading />
    ) : (
      <ErrorNotice error={error} onRetry={() => void start()} />
    );
  }
  return (
    <SessionContext.Provider value={session}>
      <Views isOffline={offline} />
    </SessionContext.Provider>
  );
}
