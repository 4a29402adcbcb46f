import { missingPathStatuses } from '../../../shared/errors.ts';
import { copyFiles } from './files.ts';
import { listItems } from './pages.ts';
import { type PulledObject, type PullSession, store } from './session.ts';
import { PullStopped, SourceError } from './source.ts';
import { pullThread, readThread, repeats, threadPlace, toObjects } from './threads.ts';

const isMissingPath = (error: unknown): error is SourceError =>
  error instanceof SourceError && missingPathStatuses.has(error.status);

async function pullAssistants(session: PullSession): Promise<void> {
  const { source, now } = session.options;
  for await (const items of listItems(source, '/assistants', repeats(session, 'assistants'))) {
    const assistants = toObjects(session, items, (id) => ({
      kind: 'assistant',
      label: `assistant ${id}`,
      defaults: { created_at: now },
    }));
    for (const { id, value } of assistants) session.models.set(id, String(value['model']));
    await copyFiles(session, await store(session, assistants));
  }
}

/** Why a server without assistants and threads cannot be imported from. */
function wrongAddress({ options: { url } }: PullSession, { message }: SourceError): PullStopped {
  return new PullStopped(
    URL.parse(url)?.hostname === 'api.openai.com'
      ? 'OpenAI shut down its hosted Assistants API on 2026-08-26.'
      : `--from: ${url} has no /assistants and no /threads (${message.replace(/\.$/u, '')}); it may need a suffix such as /v1.`,
  );
}

/**
 * All threads that the server lists; none, and named, if it does not. OpenAI refuses this list with a
 * 401, as for a wrong key, though it accepts the key for everything else.
 */
async function listThreads(
  session: PullSession,
  missing: SourceError | null,
): Promise<readonly PulledObject[]> {
  const threads: PulledObject[] = [];
  const { source } = session.options;
  try {
    for await (const items of listItems(source, '/threads', repeats(session, 'threads'))) {
      threads.push(...toObjects(session, items, threadPlace(session)));
    }
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    if (missing !== null) throw isMissingPath(error) ? wrongAddress(session, missing) : error;
    const reason = error.message.replace(/\.$/u, '');
    const advice = 'The server does not list them all; name them with --threads';
    session.problems.add('threads', `${advice} (${reason}).`);
  }
  return threads;
}

async function pullThreads(
  session: PullSession,
  threads: readonly (PulledObject | string)[],
): Promise<void> {
  const { progress } = session.options;
  progress.start(threads.length);
  for (const each of threads) {
    const thread = typeof each === 'string' ? await readThread(session, each) : each;
    if (thread !== null) await pullThread(session, thread);
    progress.advance();
  }
}

/**
 * Imports assistants and threads with their messages, runs, steps and files from a server. Each page
 * is stored in one transaction, and what is here already is skipped, so that an import that ends early
 * can be repeated. Throws a {@link PullStopped} or {@link SourceError} if it cannot go on.
 */
export async function pull(session: PullSession): Promise<void> {
  const { threads: ids, url } = session.options;
  let missing: SourceError | null = null;
  try {
    await pullAssistants(session);
  } catch (error) {
    if (!isMissingPath(error)) throw error;
    missing = error;
  }
  const isOpenAI = URL.parse(url)?.hostname === 'api.openai.com';
  if (missing !== null && isOpenAI) throw wrongAddress(session, missing);
  const threads = ids ?? (await listThreads(session, missing));
  if (missing !== null) session.problems.add('assistants', missing.message);
  await pullThreads(session, threads);
}
