import { ContainerExpired } from '../models/upstream-error.ts';
import type { ModelEvent, ModelRequest } from '../models/model.ts';
import type { EngineDeps } from '../options.ts';
import { deleteContainer, findContainer, putContainer } from '../store/code-containers.ts';
import { runSettings } from '../store/runs.ts';
import type { RunRow } from '../store/schema.ts';
import { errorMessage } from '../../shared/errors.ts';
import { callWithTimeout } from '../models/endpoint-files.ts';
import { createFileSaver } from './generated-files.ts';
import type { LeasedRun } from './execution.ts';

/** The id of the thread's container, with the run's files added; null: the call needs a new one. */
async function findUsableContainer(
  { db, files, log, clock }: EngineDeps,
  { run, signal }: LeasedRun,
): Promise<string | null> {
  const { tools, tool_resources } = runSettings(run);
  if (!tools.some(({ type }) => type === 'code_interpreter')) return null;
  const container = await findContainer(db, run.thread_id);
  if (container === undefined) return null;
  const file_ids = tool_resources.code_interpreter?.file_ids ?? [];
  const missing = file_ids.filter((id) => !container.file_ids.includes(id));
  if (missing.length === 0) return container.id;
  if (files === null) return null;
  try {
    await callWithTimeout(clock, signal, (callSignal) =>
      files.addToContainer(container.id, missing, callSignal),
    );
  } catch (error) {
    log.info('thread container abandoned', { run_id: run.id, reason: errorMessage(error) });
    return null;
  }
  const withMissing = { ...container, file_ids: [...container.file_ids, ...missing] };
  await putContainer(db, run.thread_id, withMissing);
  return container.id;
}

/** Logs that the model call omits `file_search`, which endpoints reject without a vector store. */
export function logOmittedFileSearch({ log }: Pick<EngineDeps, 'log'>, run: RunRow): void {
  const { tools, tool_resources } = runSettings(run);
  const { vector_store_ids = [] } = tool_resources.file_search ?? {};
  if (vector_store_ids.length === 0 && tools.some(({ type }) => type === 'file_search')) {
    const reason = 'neither the assistant nor the thread has a vector store';
    log.info('file_search omitted from model call', { run_id: run.id, reason });
  }
}

/** What hosted tools add to a model request. */
export type HostedToolContext = Pick<ModelRequest, 'container' | 'saveFile'>;

/** Makes a model call in the thread's container; in a new one if the endpoint says it expired. */
export async function* callWithContainer(
  deps: EngineDeps,
  leased: LeasedRun,
  call: (hosted: HostedToolContext) => AsyncIterable<readonly ModelEvent[]>,
): AsyncGenerator<readonly ModelEvent[]> {
  const saveFile = createFileSaver(deps, leased);
  const container = await findUsableContainer(deps, leased);
  let hasStarted = false;
  try {
    for await (const batch of call({ container, saveFile })) {
      hasStarted = true;
      yield batch;
    }
    return;
  } catch (error) {
    if (!(error instanceof ContainerExpired)) throw error;
    await deleteContainer(deps.db, leased.run.thread_id);
    if (hasStarted) throw error;
  }
  yield* call({ container: null, saveFile });
}
