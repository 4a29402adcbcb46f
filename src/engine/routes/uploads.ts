import { type Context, Hono } from 'hono';
import { fileLifetime } from '../../schema/file.ts';
import { completeUpload, createUpload } from '../../schema/upload.ts';
import { unixSeconds } from '../../shared/clock.ts';
import { fileErrors } from '../files/file-errors.ts';
import { checkStorage, maxUploadFactor } from '../files/limits.ts';
import { receiveContent } from '../files/receive-content.ts';
import { parseBody } from '../http/request.ts';
import type { EngineOptions } from '../options.ts';
import { readContents, useContent } from '../store/file-contents.ts';
import { insertUploadedFile, toFile } from '../store/files.ts';
import type { Database, UploadPartRow, UploadRow } from '../store/schema.ts';
import { transact } from '../store/transaction.ts';
import {
  endUpload,
  findUpload,
  insertUpload,
  insertUploadPart,
  listUploadParts,
  toUpload,
  uploadBody,
  uploadedBytes,
} from '../store/uploads.ts';

type Deps = Pick<EngineOptions, 'db' | 'clock' | 'ids' | 'fileOwner' | 'fileLimits'>;

/** Seconds until an upload that is not completed expires. */
const uploadLifetime = 3600;

/** The most that one part has. */
const maxPartBytes = 64 * 2 ** 20;

async function pathUpload(
  db: Database,
  clock: Deps['clock'],
  context: Context,
): Promise<UploadRow> {
  const id = context.req.param('upload_id') ?? '';
  const row = await findUpload(db, id);
  if (row === undefined) throw fileErrors.uploadNotFound(id);
  const isExpired = row.status === 'pending' && row.expires_at <= unixSeconds(clock);
  return isExpired ? { ...row, status: 'expired' } : row;
}

async function pendingUpload(
  db: Database,
  clock: Deps['clock'],
  context: Context,
  verb: string,
): Promise<UploadRow> {
  const row = await pathUpload(db, clock, context);
  if (row.status !== 'pending') throw fileErrors.uploadEnded(verb, row.status);
  return row;
}

const sumOf = (parts: readonly UploadPartRow[]): number =>
  parts.reduce((sum, { bytes }) => sum + bytes, 0);

async function addPart(deps: Deps, context: Context): Promise<UploadPartRow> {
  const { db, clock, fileLimits } = deps;
  const { id: upload_id } = await pendingUpload(db, clock, context, 'add parts to');
  const maxBytes = fileLimits.maxFileBytes * maxUploadFactor;
  const options = {
    field: 'data',
    prefix: 'part_',
    maxBytes: maxPartBytes,
    tooLarge: fileErrors.partTooLarge,
  };
  return receiveContent(deps, context.req.raw, options, ({ id, bytes }, fields) => {
    const [unknown] = fields.keys();
    if (unknown !== undefined) throw fileErrors.unexpectedProperty(unknown);
    return transact(db, async (transaction) => {
      await pendingUpload(transaction, clock, context, 'add parts to');
      const uploaded = await uploadedBytes(transaction, upload_id);
      if (uploaded + bytes > maxBytes) throw fileErrors.partsTooLarge(maxBytes);
      await checkStorage(transaction, fileLimits, bytes);
      await useContent(transaction, id);
      const created_at = unixSeconds(clock);
      return insertUploadPart(transaction, { id, created_at, upload_id, bytes });
    });
  });
}

/** The parts with these ids, in their order. */
function chooseParts(
  parts: readonly UploadPartRow[],
  part_ids: readonly string[],
  upload_id: string,
): UploadPartRow[] {
  const byId = new Map(parts.map((part) => [part.id, part]));
  const chosen = new Map<string, UploadPartRow>();
  for (const id of part_ids) {
    const part = byId.get(id);
    if (part === undefined) throw fileErrors.unknownPart(id, upload_id);
    if (chosen.has(id)) throw fileErrors.repeatedPart(id);
    chosen.set(id, part);
  }
  return [...chosen.values()];
}

async function md5Of(db: Database, owner_ids: readonly string[]): Promise<string> {
  // Importing node:crypto makes every start slower.
  const { createHash } = await import('node:crypto');
  const hash = createHash('md5');
  for await (const piece of readContents(db, owner_ids)) hash.update(piece);
  return hash.digest('hex');
}

/** An MD5 checksum is written in hexadecimal or, as in HTTP headers, in base64. */
const toHex = (md5: string): string =>
  /^[A-Za-z0-9+/]{22}==$/u.test(md5)
    ? Buffer.from(md5, 'base64').toString('hex')
    : md5.toLowerCase();

function checkBytes(upload: UploadRow, parts: readonly UploadPartRow[]): void {
  const { bytes: expected } = uploadBody(upload);
  const bytes = sumOf(parts);
  if (bytes !== expected) throw fileErrors.wrongByteCount(bytes, expected);
}

/** Makes a file of the parts of an upload, which keep their contents. */
async function toFileOf(
  { db, clock, ids }: Deps,
  upload: UploadRow,
  parts: readonly UploadPartRow[],
) {
  const { filename, media_type, purpose, bytes, file_lifetime } = uploadBody(upload);
  const file = await insertUploadedFile(db, {
    id: ids.newId('file-'),
    created_at: unixSeconds(clock),
    purpose,
    lifetime: file_lifetime ?? null,
    body: { filename, media_type, bytes, content_ids: parts.map(({ id }) => id) },
  });
  return toFile(file);
}

/** An upload that is pending, or completed: the answer to a first request may have been lost. */
async function uploadToComplete(
  db: Database,
  clock: Deps['clock'],
  context: Context,
): Promise<UploadRow> {
  const row = await pathUpload(db, clock, context);
  if (row.status === 'pending' || row.status === 'completed') return row;
  throw fileErrors.uploadEnded('complete', row.status);
}

async function complete(deps: Deps, context: Context): Promise<UploadRow> {
  const { db, clock } = deps;
  const { part_ids, md5 } = await parseBody(context, completeUpload);
  const upload = await uploadToComplete(db, clock, context);
  if (upload.status === 'completed') return upload;
  const chosen = chooseParts(await listUploadParts(db, upload.id), part_ids, upload.id);
  checkBytes(upload, chosen);
  if (md5 !== undefined) {
    const checksum = await md5Of(
      db,
      chosen.map(({ id }) => id),
    );
    if (checksum !== toHex(md5)) throw fileErrors.wrongChecksum(checksum, md5);
  }
  return transact(db, async (transaction) => {
    const locked = await uploadToComplete(transaction, clock, context);
    if (locked.status === 'completed') return locked;
    const file = await toFileOf({ ...deps, db: transaction }, locked, chosen);
    const used = new Set(part_ids);
    return endUpload(transaction, locked, { status: 'completed', file, used });
  });
}

/** `/uploads`: files that are uploaded in parts. */
export function uploadRoutes(deps: Deps): Hono {
  const { db, clock, ids, fileOwner, fileLimits } = deps;
  const routes = new Hono();

  routes.post('/', async (context) => {
    await fileOwner.decide();
    const fields = await parseBody(context, createUpload);
    const { filename, purpose, bytes, mime_type: media_type, expires_after } = fields;
    const maxBytes = fileLimits.maxFileBytes * maxUploadFactor;
    if (bytes > maxBytes) throw fileErrors.wrongUploadSize(bytes, maxBytes);
    await checkStorage(db, fileLimits, bytes);
    const file_lifetime = fileLifetime(purpose, expires_after);
    const created_at = unixSeconds(clock);
    const row = await transact(db, (transaction) =>
      insertUpload(transaction, {
        id: ids.newId('upload_'),
        created_at,
        expires_at: created_at + uploadLifetime,
        body: {
          filename,
          media_type,
          purpose,
          bytes,
          ...(file_lifetime !== null && { file_lifetime }),
        },
      }),
    );
    return context.json(toUpload(row));
  });

  routes.post('/:upload_id/parts', async (context) => {
    const { id, created_at, upload_id } = await addPart(deps, context);
    return context.json({ id, object: 'upload.part', created_at, upload_id });
  });

  routes.post('/:upload_id/complete', async (context) =>
    context.json(toUpload(await complete(deps, context))),
  );

  routes.post('/:upload_id/cancel', async (context) => {
    const row = await transact(db, async (transaction) => {
      const pending = await pendingUpload(transaction, clock, context, 'cancel');
      return endUpload(transaction, pending, { status: 'cancelled' });
    });
    return context.json(toUpload(row));
  });

  return routes;
}
