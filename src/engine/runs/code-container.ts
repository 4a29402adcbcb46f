import { ContainerExpired } from '../models/upstream-error.ts';
import type { ModelEvent, ModelRequest } from '../models/model.ts';
import type { EngineDeps } from '../options.ts';
import { deleteContainer, findContainer, putContainer } from '../store/code-containers.ts';
import { runSettings } from '../store/runs.ts';
import { type RunRow } from '../store/schema.ts';
import { errorMessage } from '../../shared/errors.ts';
import { callWithTimeout } from '../models/endpoint-files.ts';
import { createFileSaver } from './generated-files.ts';
import type { Execution } from './execution.ts';

/* What hosted tools need around a model call: where they run, and what keeps their work. */

/**
 * The container in which the thread's code ran before, with all the files that the run brings; null
 * when there is none, or none that takes them.
 */
async function findUsableContainer(
  deps: EngineDeps,
  run: RunRow,
  signal: AbortSignal,
): Promise<string | null> {
  const { db, files, log } = deps;
  const { tools, tool_resources } = runSettings(run);
  if (!tools.some(({ type }) => type === 'code_interpreter')) return null;
  const found = await findContainer(db, run.thread_id);
  if (found === undefined) return null;
  const file_ids = tool_resources.code_interpreter?.file_ids ?? [];
  const missing = file_ids.filter((id) => !found.file_ids.includes(id));
  if (missing.length === 0) return found.id;
  if (files === null) return null;
  try {
    await callWithTimeout(deps.clock, signal, (until) =>
      files.addToContainer(found.id, missing, until),
    );
  } catch (error) {
    log.info('container of a thread is given up', { run_id: run.id, reason: errorMessage(error) });
    return null;
  }
  await putContainer(db, run.thread_id, { ...found, file_ids: [...found.file_ids, ...missing] });
  return found.id;
}

/** Says in the log what the model is not given: a search in nothing, which the endpoint refuses. */
export function logOmittedFileSearch({ log }: Pick<EngineDeps, 'log'>, run: RunRow): void {
  const { tools, tool_resources } = runSettings(run);
  const { vector_store_ids = [] } = tool_resources.file_search ?? {};
  if (vector_store_ids.length === 0 && tools.some(({ type }) => type === 'file_search')) {
    const reason = 'neither the assistant nor the thread has a vector store';
    log.info('file_search is left out of a run', { run_id: run.id, reason });
  }
}

/** What a model call needs of a run whose tools are hosted. */
export type HostedToolContext = Pick<ModelRequest, 'container' | 'saveFile'>;

/** Makes a model call with the thread's container, and with a new one when that is no more. */
export async function* callWithContainer(
  deps: EngineDeps,
  execution: Pick<Execution, 'run' | 'token' | 'signal'>,
  ask: (hosted: HostedToolContext) => AsyncIterable<ModelEvent>,
): AsyncGenerator<ModelEvent> {
  const { run, signal } = execution;
  const keep = createFileSaver(deps, execution);
  const container = await findUsableContainer(deps, run, signal);
  let isAnswered = false;
  try {
    for await (const event of ask({ container, saveFile: keep })) {
      isAnswered = true;
      yield event;
    }
    return;
  } catch (error) {
    if (!(error instanceof ContainerExpired)) throw error;
    await deleteContainer(deps.db, run.thread_id);
    if (isAnswered) throw error;
  }
  yield* ask({ container: null, saveFile: keep });
}
