import { filePurposes } from '../../../schema/file.ts';
import { fieldOf } from '../../../shared/json.ts';
import { findFile, insertFile } from '../../store/files.ts';
import { type References, referencesIn, textOrNull } from '../file-references.ts';
import { attempt, type PulledObject, type PullSession } from './session.ts';
import { toSeconds } from './times.ts';

/* The content of files is kept as local copies, under the ids that the objects have. */

/** The files that an object needs; results of a search only cite them. */
function referencesOf({ kind, value }: PulledObject): References {
  const { content, attachments, file_ids, tool_resources, step_details } = value;
  if (kind !== 'thread.run.step') {
    return referencesIn({ content, attachments, file_ids, tool_resources });
  }
  const calls: unknown = fieldOf(step_details, 'tool_calls');
  if (!Array.isArray(calls)) return referencesIn(undefined);
  return referencesIn(calls.map((call) => Object(call).code_interpreter));
}

const purposes: ReadonlySet<unknown> = new Set(filePurposes);

const isPurpose = (value: unknown): value is string => purposes.has(value);

/** Copies one file into the database. */
async function copyFile(session: PullSession, id: string, owner: PulledObject): Promise<void> {
  const { db, source, now, isDryRun, maxFileBytes, keepsFiles } = session.options;
  const path = `/files/${encodeURIComponent(id)}`;
  const info = await source.get(path);
  const [size, purpose] = [fieldOf(info, 'bytes'), fieldOf(info, 'purpose')];
  const isTooLarge = typeof size === 'number' && size > maxFileBytes;
  if (isDryRun && !isTooLarge) {
    session.counts.file += 1;
    return;
  }
  const file = isTooLarge ? null : await source.download(`${path}/content`, maxFileBytes);
  if (file === null) {
    session.problems.add(
      `file ${id} of ${owner.label}`,
      `It is larger than ${maxFileBytes / 2 ** 20} MiB.`,
    );
    return;
  }
  const { kind, value } = owner;
  const filename = textOrNull(fieldOf(info, 'filename')) ?? id;
  await insertFile(db, {
    id,
    created_at: toSeconds(fieldOf(info, 'created_at')) ?? now,
    purpose: isPurpose(purpose) ? purpose : 'assistants',
    thread_id: kind === 'thread' ? owner.id : textOrNull(value['thread_id']),
    run_id: textOrNull(value['run_id']),
    body: {
      filename,
      media_type: file.mediaType,
      bytes: file.content.length,
      // The endpoint may have it: whoever moves to another server of the same account keeps the ids.
      is_uploaded: !keepsFiles,
    },
    content: file.content,
  });
  session.counts.file += 1;
}

/** Copies the files that objects refer to, and names what cannot be copied. */
export async function copyFiles(
  session: PullSession,
  objects: readonly PulledObject[],
): Promise<void> {
  const { db, copiesFiles, progress } = session.options;
  if (!copiesFiles) return;
  for (const object of objects) {
    const { files, vectorStores } = referencesOf(object);
    for (const id of vectorStores) {
      const what = `vector store ${id} of ${object.label}`;
      session.problems.add(what, 'Vector stores are not copied; the id is kept.');
    }
    for (const id of files) {
      if (session.seenFiles.has(id)) continue;
      session.seenFiles.add(id);
      if ((await findFile(db, id)) !== undefined) session.kept += 1;
      else {
        await attempt(session, 'file', `${id} of ${object.label}`, () =>
          copyFile(session, id, object),
        );
      }
    }
    progress.update(session.counts);
  }
}
