import { ContainerGone } from '../models/container-gone.ts';
import type { ModelEvent, ModelRequest, Perishable } from '../models/model.ts';
import type { EngineParts } from '../options.ts';
import { deleteContainer, findContainer, putContainer } from '../store/containers.ts';
import { runSettings, type RunRow } from '../store/runs.ts';
import type { Execution } from './turn.ts';

/* What hosted tools need around a model call: where they run, and where their work is kept. */

/** Milliseconds that the endpoint's files may hold up a run each time. */
const longestWait = 60_000;

/** Resolves to what the endpoint answers in time; throws when it does not, or when it refuses. */
async function inTime<T>(
  { clock }: Pick<EngineParts, 'clock'>,
  signal: AbortSignal,
  answer: Promise<T>,
): Promise<T> {
  const timer = new AbortController();
  const late = clock
    .sleep(longestWait, AbortSignal.any([timer.signal, signal]))
    .then(() => Promise.reject(new Error('The model endpoint took too long.')));
  try {
    return await Promise.race([answer, late]);
  } finally {
    late.catch(() => {});
    timer.abort('over');
  }
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** Keeps what tools make in the endpoint's files. A run does not fail for want of a file. */
function createKeep(parts: EngineParts, run: RunRow, signal: AbortSignal): ModelRequest['keep'] {
  const { files, log } = parts;
  const keep = (made: Perishable): Promise<string> => {
    if (files === null) throw new Error('There is nowhere to keep files.');
    if ('url' in made) return files.keepImage(made.url);
    return files.keepContainerFile(made.container_id, made.file_id, made.filename);
  };
  return async (made) => {
    try {
      return await inTime(parts, signal, keep(made));
    } catch (error) {
      const file = 'url' in made ? 'an image' : made.filename;
      if (!signal.aborted) {
        log.warn('file that a run made is lost', { run_id: run.id, file, reason: reasonOf(error) });
      }
      return null;
    }
  };
}

/**
 * The container in which the thread's code ran before, with all the files that the run brings; null
 * when there is none, or none that takes them.
 */
async function findUsableContainer(
  parts: EngineParts,
  run: RunRow,
  signal: AbortSignal,
): Promise<string | null> {
  const { db, files, log } = parts;
  const { tools, tool_resources } = runSettings(run);
  if (!tools.some(({ type }) => type === 'code_interpreter')) return null;
  const found = await findContainer(db, run.thread_id);
  if (found === undefined) return null;
  const file_ids = tool_resources.code_interpreter?.file_ids ?? [];
  const missing = file_ids.filter((id) => !found.file_ids.includes(id));
  if (missing.length === 0) return found.id;
  if (files === null) return null;
  try {
    await inTime(parts, signal, files.addToContainer(found.id, missing));
  } catch (error) {
    log.info('container of a thread is given up', { run_id: run.id, reason: reasonOf(error) });
    return null;
  }
  await putContainer(db, run.thread_id, { ...found, file_ids: [...found.file_ids, ...missing] });
  return found.id;
}

/** Says in the log what the model is not given: a search in nothing, which the endpoint refuses. */
export function reportLeftOut({ log }: Pick<EngineParts, 'log'>, run: RunRow): void {
  const { tools, tool_resources } = runSettings(run);
  const { vector_store_ids = [] } = tool_resources.file_search ?? {};
  if (vector_store_ids.length === 0 && tools.some(({ type }) => type === 'file_search')) {
    const reason = 'neither the assistant nor the thread has a vector store';
    log.info('file_search is left out of a run', { run_id: run.id, reason });
  }
}

/** What a model call needs of a run whose tools are hosted. */
export type Hosted = Pick<ModelRequest, 'container' | 'keep'>;

/** Makes a model call with the thread's container, and with a new one when that is no more. */
export async function* askHosted(
  parts: EngineParts,
  { run, signal }: Pick<Execution, 'run' | 'signal'>,
  ask: (hosted: Hosted) => AsyncIterable<ModelEvent>,
): AsyncGenerator<ModelEvent> {
  const keep = createKeep(parts, run, signal);
  const container = await findUsableContainer(parts, run, signal);
  let isAnswered = false;
  try {
    for await (const event of ask({ container, keep })) {
      isAnswered = true;
      yield event;
    }
    return;
  } catch (error) {
    if (!(error instanceof ContainerGone)) throw error;
    await deleteContainer(parts.db, run.thread_id);
    if (isAnswered) throw error;
  }
  yield* ask({ container: null, keep });
}
