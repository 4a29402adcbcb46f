import { unixSeconds } from '../../shared/clock.ts';
import type { ModelRequest, EphemeralFile } from '../models/model.ts';
import type { EngineDeps } from '../options.ts';
import { deleteFiles, insertFile, type NewFile, runFiles } from '../store/files.ts';
import { findLeased } from '../store/leases.ts';
import { runMessages } from '../store/messages.ts';
import { runSettings } from '../store/runs.ts';
import type { Database, RunRow } from '../store/schema.ts';
import { runSteps } from '../store/steps.ts';
import { transact } from '../store/transaction.ts';
import { errorMessage } from '../../shared/errors.ts';
import { callWithTimeout } from '../models/endpoint-files.ts';
import { retryWhileUnavailable } from './write-retry.ts';
import type { LeasedRun } from './execution.ts';

/*
 * Every generated file is saved twice: uploaded to the model endpoint, so that it can be attached
 * again, and copied into the database under the same id, since endpoints need not return uploads.
 * The copy is written before any message or step refers to it; copies without a reference are
 * deleted when the run stops.
 */

/** Larger files have no copy. */
const maxCopyBytes = 64 * 2 ** 20;

/** The id that the model endpoint gives the file; null if it rejects the upload. */
async function upload({ files, log, clock }: EngineDeps, file: File, { run, signal }: LeasedRun) {
  try {
    return files === null
      ? null
      : await callWithTimeout(clock, signal, (callSignal) => files.upload(file, callSignal));
  } catch (error) {
    signal.throwIfAborted();
    const details = { run_id: run.id, file: file.name, reason: errorMessage(error) };
    log.info('generated file not uploaded, saved locally only', details);
    return null;
  }
}

const mediaType = ({ type }: File): string | null =>
  type === '' || type === 'application/octet-stream' ? null : type;

async function toNewFile(
  { clock, ids }: EngineDeps,
  file: File,
  { run }: LeasedRun,
  uploadedId: string | null,
): Promise<NewFile> {
  const body = { filename: file.name, media_type: mediaType(file), bytes: file.size };
  return {
    id: uploadedId ?? ids.newId('file-'),
    created_at: unixSeconds(clock),
    thread_id: run.thread_id,
    run_id: run.id,
    body: { ...body, is_uploaded: uploadedId !== null },
    content: new Uint8Array(await file.arrayBuffer()),
  };
}

/** Inserts the copy and resolves to its id; null if the lease of the run is lost. */
async function saveCopy(deps: EngineDeps, copy: NewFile, leased: LeasedRun) {
  const write = async (db: Database) => {
    if ((await findLeased(db, leased.run, leased.token)) === undefined) return null;
    await insertFile(db, copy);
    return copy.id;
  };
  return retryWhileUnavailable(deps, leased, () => transact(deps.db, write));
}

function download({ files, clock }: EngineDeps, generated: EphemeralFile, { signal }: LeasedRun) {
  if (files === null) throw new Error('The model endpoint has no files.');
  return callWithTimeout(clock, signal, (callSignal) =>
    files.downloadGenerated(generated, callSignal),
  );
}

async function saveFile(deps: EngineDeps, file: File, leased: LeasedRun): Promise<string | null> {
  const { log } = deps;
  const uploadedId = await upload(deps, file, leased);
  if (file.size <= maxCopyBytes) {
    return saveCopy(deps, await toNewFile(deps, file, leased, uploadedId), leased);
  }
  if (uploadedId === null) throw new Error(`The file is larger than ${maxCopyBytes} bytes.`);
  const details = { run_id: leased.run.id, file: file.name, bytes: file.size };
  log.warn('generated file too large for a local copy', details);
  return uploadedId;
}

async function digestOf(file: File): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
  return Buffer.from(digest).toString('hex');
}

/**
 * Saves the files that tools generate, each content once: endpoints name a plot both as the output of
 * its call and as a file of the message. A run does not fail because a file cannot be saved.
 */
export function createFileSaver(deps: EngineDeps, leased: LeasedRun): ModelRequest['saveFile'] {
  const { run, signal } = leased;
  const saved = new Map<string, Promise<string | null>>();
  return async (generated) => {
    try {
      const file = await download(deps, generated, leased);
      const digest = await digestOf(file);
      const id = saved.get(digest) ?? saveFile(deps, file, leased);
      saved.set(digest, id);
      return await id;
    } catch (error) {
      if (!signal.aborted) {
        const file = 'url' in generated ? 'an image' : generated.filename;
        const details = { run_id: run.id, file, reason: errorMessage(error) };
        deps.log.warn('generated file lost', details);
      }
      return null;
    }
  };
}

/** Deletes copies that no message or step of their run refers to. */
export async function deleteUnreferenced(db: Database, run: RunRow): Promise<void> {
  if (!runSettings(run).tools.some(({ type }) => type === 'code_interpreter')) return;
  const file_ids = await runFiles(db, run.id);
  if (file_ids.length === 0) return;
  const rows = [...(await runMessages(db, run.id)), ...(await runSteps(db, run.id))];
  for (const id of file_ids) {
    if (!rows.some(({ body }) => body.includes(JSON.stringify(id)))) await deleteFiles(db, [id]);
  }
}
