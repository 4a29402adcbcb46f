import { maxDepth } from '../../../schema/limits.ts';
import { exceedsDepth } from '../../../shared/json.ts';
import { fieldOf } from '../../../shared/json.ts';
import { isRunning } from '../../../shared/run-status.ts';
import { findRows, findRunsWithSteps } from '../../store/raw-rows.ts';
import { copyFiles } from './files.ts';
import { idOf, type JsonObject, normalize, type Place } from './normalize.ts';
import { listItems } from './pages.ts';
import { attempt, type PulledObject, type PullSession, store } from './session.ts';
import { SourceError } from './source.ts';

/** Requests for the steps of runs at once. */
const concurrency = 8;

/** Converts the items of a list; names those without an id. */
export function toObjects(
  session: PullSession,
  items: readonly unknown[],
  placeOf: (id: string) => Place,
): PulledObject[] {
  return items.flatMap((raw) => {
    const id = idOf(raw);
    if (id === null) {
      session.problems.add(placeOf('without an id').label, 'The server gave none.');
      return [];
    }
    const place = placeOf(id);
    if (exceedsDepth(raw, maxDepth)) {
      session.problems.add(place.label, `It is nested more than ${maxDepth} levels deep.`);
      return [];
    }
    const value = normalize(Object(raw), place, session.problems);
    const foreign = ['thread_id', 'run_id'].find(
      (name) => place.defaults[name] !== undefined && place.defaults[name] !== value[name],
    );
    if (foreign !== undefined) {
      const reason = `Invalid '${foreign}': it belongs to '${String(value[foreign])}'.`;
      session.problems.add(place.label, reason);
      return [];
    }
    return [{ kind: place.kind, id, label: place.label, value }];
  });
}

/** Names a list of which the server sends the same page again. */
export const repeats = (session: PullSession, what: string) => () =>
  session.problems.add(
    what,
    'The server sends the same page again and again; objects may be missing.',
  );

async function listSteps(session: PullSession, run: PulledObject): Promise<PulledObject[]> {
  const steps: PulledObject[] = [];
  const { thread_id, assistant_id } = run.value;
  const path = `${threadPath(String(thread_id))}/runs/${encodeURIComponent(run.id)}/steps`;
  const onRepeat = repeats(session, `steps of ${run.id}`);
  const isComplete = await attempt(session, 'steps', `of ${run.id}`, async () => {
    for await (const items of listItems(session.options.source, path, onRepeat)) {
      steps.push(
        ...toObjects(session, items, (id) => ({
          kind: 'thread.run.step',
          label: `run step ${id} of ${run.id}`,
          defaults: {
            thread_id,
            assistant_id,
            run_id: run.id,
            created_at: run.value['created_at'],
          },
        })),
      );
    }
  });
  // A run with some of its steps would count as complete at the next import.
  return isComplete ? steps : [];
}

/** Stores runs with their steps. A run that is here has its steps here too, unless it has none. */
async function storeRuns(session: PullSession, runs: readonly PulledObject[]): Promise<void> {
  const { db } = session.options;
  const known = await findRows(
    db,
    'runs',
    runs.map(({ id }) => id),
  );
  const complete = await findRunsWithSteps(db, [...known.keys()]);
  const incomplete = runs.filter(({ id }) => !complete.has(id));
  session.kept += runs.length - incomplete.length;
  const fresh: PulledObject[] = [];
  for (let start = 0; start < incomplete.length; start += concurrency) {
    const group = incomplete.slice(start, start + concurrency);
    const lists = await Promise.all(group.map((run) => listSteps(session, run)));
    for (const [index, run] of group.entries()) {
      const children = lists[index] ?? [];
      if (known.has(run.id)) await store(session, children);
      fresh.push({ ...run, children });
    }
  }
  const stored = await store(session, fresh);
  await copyFiles(
    session,
    stored.flatMap(({ children = [] }) => children),
  );
}

const threadPath = (id: string): string => `/threads/${encodeURIComponent(id)}`;

/** The runs of a thread, as its messages need to know them. */
interface ThreadRuns {
  /** Those that wait for tool outputs. They are stored after the messages, which they continue from. */
  readonly waiting: PulledObject[];
  /** Ids of the runs that write messages at the moment. */
  readonly active: Set<string>;
  /** Ids of the runs that have ended. */
  readonly ended: Set<string>;
}

const laterReason = (status: unknown): string =>
  `It is ${String(status)}; import again when it has ended.`;

/** Stores the ended runs of a thread, and adds all to `runs`. */
async function pullRuns(
  session: PullSession,
  thread: PulledObject,
  { waiting, active, ended }: ThreadRuns,
): Promise<void> {
  const path = `${threadPath(thread.id)}/runs`;
  const onRepeat = repeats(session, `runs of ${thread.id}`);
  for await (const items of listItems(session.options.source, path, onRepeat)) {
    const runs = toObjects(session, items, (id) => ({
      kind: 'thread.run',
      label: `run ${id} of ${thread.id}`,
      defaults: childDefaults(thread),
    })).map((run) => withModel(session, run));
    for (const run of runs) {
      const { status } = run.value;
      if (status === 'requires_action') waiting.push(run);
      else if (isRunning(String(status))) {
        active.add(run.id);
        session.problems.add(run.label, laterReason(status));
      } else ended.add(run.id);
    }
    await storeRuns(
      session,
      runs.filter(({ id }) => ended.has(id)),
    );
  }
}

/** Whether a message is complete; names it if not, unless its run is named. */
function isWritten(
  { problems }: PullSession,
  { label, value }: PulledObject,
  { active, ended }: ThreadRuns,
): boolean {
  const run_id = String(value['run_id']);
  if (active.has(run_id)) return false;
  if (value['status'] !== 'in_progress' || ended.has(run_id)) return true;
  problems.add(label, laterReason('in_progress'));
  return false;
}

const childDefaults = ({ id, value }: PulledObject): JsonObject => ({
  thread_id: id,
  created_at: value['created_at'],
});

/** Servers leave out the model of a run that has its assistant's. */
function withModel({ models }: PullSession, run: PulledObject): PulledObject {
  const { model, assistant_id } = run.value;
  if (typeof model === 'string' && model !== '') return run;
  return { ...run, value: { ...run.value, model: models.get(String(assistant_id)) } };
}

async function pullMessages(
  session: PullSession,
  thread: PulledObject,
  runs: ThreadRuns,
): Promise<void> {
  const path = `${threadPath(thread.id)}/messages`;
  const onRepeat = repeats(session, `messages of ${thread.id}`);
  for await (const items of listItems(session.options.source, path, onRepeat)) {
    const messages = toObjects(session, items, (id) => ({
      kind: 'thread.message',
      label: `message ${id} of ${thread.id}`,
      defaults: childDefaults(thread),
    })).filter((message) => isWritten(session, message, runs));
    await copyFiles(session, await store(session, messages));
  }
}

/** Stores a thread, and then its runs and messages page by page; what is here already stays as it is. */
export async function pullThread(session: PullSession, thread: PulledObject): Promise<void> {
  const stored = await store(session, [thread]);
  if (stored.length === 0) return;
  await copyFiles(session, stored);
  const runs = { waiting: [], active: new Set<string>(), ended: new Set<string>() };
  await attempt(session, 'runs', `of ${thread.id}`, () => pullRuns(session, thread, runs));
  await attempt(session, 'messages', `of ${thread.id}`, () => pullMessages(session, thread, runs));
  await storeRuns(session, runs.waiting);
}

/** Reads one thread by its id; null, and named, if the server does not give it. */
export async function readThread(session: PullSession, id: string): Promise<PulledObject | null> {
  let thread: PulledObject | null = null;
  await attempt(session, 'thread', id, async () => {
    if (idOf({ id }) === null) throw new SourceError('No URL can contain this id.');
    const raw = await session.options.source.get(threadPath(id));
    const named = { id: fieldOf(raw, 'thread_id'), ...Object(raw) };
    if (idOf(named) === null) throw new SourceError('The answer of the server is no thread.', 200);
    thread = toObjects(session, [named], threadPlace(session))[0] ?? null;
  });
  return thread;
}

export const threadPlace =
  ({ options }: PullSession) =>
  (id: string): Place => ({
    kind: 'thread',
    label: `thread ${id}`,
    defaults: { created_at: options.now },
  });
