import { unixSeconds } from '../../shared/clock.ts';
import type { ModelRequest, EphemeralFile } from '../models/model.ts';
import type { EngineDeps } from '../options.ts';
import { deleteFile, findContent, insertFile, type NewFile, runFiles } from '../store/files.ts';
import { findLeased } from '../store/leases.ts';
import { runMessages } from '../store/messages.ts';
import { runSettings } from '../store/runs.ts';
import { type RunRow } from '../store/schema.ts';
import type { Database } from '../store/schema.ts';
import { runSteps } from '../store/steps.ts';
import { transact } from '../store/transaction.ts';
import { errorMessage } from '../../shared/errors.ts';
import { callWithTimeout } from '../models/endpoint-files.ts';
import { retryWhileUnavailable } from './write-retry.ts';
import type { Execution } from './execution.ts';
import { type EndpointFiles, toImageUrl } from '../models/endpoint-files.ts';

/*
 * What code made is kept twice: among the endpoint's files, so that it can be attached again, and as
 * a copy in the database under the same id, since endpoints need not give a file back. A copy is
 * written before anything shows it, and under the run's lease; when the run stops, those that
 * nothing shows are removed. So no reference lacks its copy, but to what is too large for one, and no
 * copy is too many.
 */

/** Bytes of the largest file of which there is a copy. */
const maxCopyBytes = 64 * 2 ** 20;

type Kept = Pick<Execution, 'run' | 'token' | 'signal'>;

/** The id that the file has at the endpoint; null when it is not taken there. */
async function upload(deps: EngineDeps, file: File, { run, signal }: Kept) {
  const { files, log } = deps;
  try {
    return files === null
      ? null
      : await callWithTimeout(deps.clock, signal, (until) => files.upload(file, until));
  } catch (error) {
    signal.throwIfAborted();
    const facts = { run_id: run.id, file: file.name, reason: errorMessage(error) };
    log.info('file that a run made is kept here alone', facts);
    return null;
  }
}

const typeOf = ({ type }: File): string | null =>
  type === '' || type === 'application/octet-stream' ? null : type;

async function toCopy(
  { clock, ids }: EngineDeps,
  file: File,
  { run }: Kept,
  uploaded: string | null,
): Promise<NewFile> {
  const body = { filename: file.name, media_type: typeOf(file), bytes: file.size };
  return {
    id: uploaded ?? ids.newId('file-'),
    created_at: unixSeconds(clock),
    thread_id: run.thread_id,
    run_id: run.id,
    body: { ...body, is_uploaded: uploaded !== null },
    content: new Uint8Array(await file.arrayBuffer()),
  };
}

/** Whoever has lost the run writes nothing, and will learn of it where it goes on. */
async function keepCopy(deps: EngineDeps, copy: NewFile, kept: Kept): Promise<string | null> {
  const write = async (db: Database) => {
    if ((await findLeased(db, kept.run.id, kept.token)) === undefined) return null;
    await insertFile(db, copy);
    return copy.id;
  };
  return retryWhileUnavailable(deps, kept, () => transact(deps.db, write));
}

async function keepFile(
  deps: EngineDeps,
  made: EphemeralFile,
  execution: Kept,
): Promise<string | null> {
  const { files, log } = deps;
  if (files === null) throw new Error('There is nowhere to keep files.');
  const file = await callWithTimeout(deps.clock, execution.signal, (until) =>
    files.downloadGenerated(made, until),
  );
  const uploaded = await upload(deps, file, execution);
  if (file.size <= maxCopyBytes) {
    return keepCopy(deps, await toCopy(deps, file, execution, uploaded), execution);
  }
  if (uploaded === null) throw new Error(`It has more than ${maxCopyBytes} bytes.`);
  const facts = { run_id: execution.run.id, file: file.name, bytes: file.size };
  log.warn('file that a run made is too large for a copy', facts);
  return uploaded;
}

/** Keeps what tools make. A run does not fail for want of a file. */
export function createFileSaver(deps: EngineDeps, execution: Kept): ModelRequest['saveFile'] {
  const { run, signal } = execution;
  return async (made) => {
    try {
      return await keepFile(deps, made, execution);
    } catch (error) {
      const file = 'url' in made ? 'an image' : made.filename;
      if (!signal.aborted) {
        const facts = { run_id: run.id, file, reason: errorMessage(error) };
        deps.log.warn('file that a run made is lost', facts);
      }
      return null;
    }
  };
}

/** Removes the copies that neither a message nor a step of their run shows. */
export async function deleteUnreferenced(db: Database, run: RunRow): Promise<void> {
  if (!runSettings(run).tools.some(({ type }) => type === 'code_interpreter')) return;
  const made = await runFiles(db, run.id);
  if (made.length === 0) return;
  const rows = [...(await runMessages(db, run.id)), ...(await runSteps(db, run.id))];
  for (const id of made) {
    if (!rows.some(({ body }) => body.includes(JSON.stringify(id)))) await deleteFile(db, id);
  }
}

/** The endpoint's files, but for images of which there are copies: those need not be asked for. */
export const preferLocalImages = (files: EndpointFiles, db: Database): EndpointFiles => ({
  ...files,
  async readImage(file_id, signal) {
    const copy = await findContent(db, file_id);
    return copy === undefined ? files.readImage(file_id, signal) : toImageUrl(copy);
  },
});
