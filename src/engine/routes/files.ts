import { type Context, Hono } from 'hono';
import * as z from 'zod';
import {
  createFileFields,
  fileLifetime,
  listFilesQuery,
  maxListedFiles,
  uploadPurposes,
} from '../../schema/file.ts';
import { toValidationError } from '../../schema/validation-error.ts';
import { unixSeconds } from '../../shared/clock.ts';
import { fileErrors } from '../files/file-errors.ts';
import { checkStorage } from '../files/limits.ts';
import { receiveContent } from '../files/receive-content.ts';
import { errors } from '../http/errors.ts';
import { listResponse } from '../http/pagination.ts';
import { parseQuery } from '../http/request.ts';
import type { EngineOptions } from '../options.ts';
import { deleteHidden } from '../store/chunks.ts';
import { type ByteRange, useContent } from '../store/file-contents.ts';
import {
  deleteFiles,
  fileBody,
  findFile,
  findFileCursor,
  insertUploadedFile,
  listFiles,
  readFile,
  toFile,
} from '../store/files.ts';
import type { FileRow } from '../store/schema.ts';
import { transact } from '../store/transaction.ts';

type Deps = Pick<EngineOptions, 'db' | 'clock' | 'ids' | 'files' | 'fileOwner' | 'fileLimits'>;

async function pathFile({ db, clock }: Deps, context: Context): Promise<FileRow> {
  const id = context.req.param('file_id') ?? '';
  const row = await findFile(db, id);
  const isExpired = (row?.expires_at ?? Infinity) <= unixSeconds(clock);
  if (row === undefined || isExpired) throw errors.fileNotFound(id);
  return row;
}

const isHeaderValue = (text: string | null): text is string =>
  text !== null && /^[\x20-\x7e]{1,255}$/u.test(text);

/** The client chose the name: characters that a header cannot hold are only in `filename*`. */
function contentHeaders(row: FileRow): Record<string, string> {
  const { filename, media_type } = fileBody(row);
  const asciiName = filename.replaceAll(/[^\x20-\x7e]|["\\%]/gu, '_');
  const encodedName = encodeURIComponent(filename.toWellFormed()).replaceAll(/['()*]/gu, escape);
  return {
    'content-type': isHeaderValue(media_type) ? media_type : 'application/octet-stream',
    'content-disposition': `attachment; filename="${asciiName}"; filename*=UTF-8''${encodedName}`,
    'x-content-type-options': 'nosniff',
    'accept-ranges': 'bytes',
  };
}

/**
 * The range that a request asks for; null: the whole file, also for several ranges and other units,
 * which a server may ignore.
 */
function requestedRange(header: string | undefined, bytes: number): ByteRange | null {
  const [, first = '', last = ''] =
    /^bytes=(\d{0,15})-(\d{0,15})$/u.exec(header?.trim() ?? '') ?? [];
  if (first === '' && last === '') return null;
  const start = first === '' ? Math.max(0, bytes - Number(last)) : Number(first);
  const end = first === '' || last === '' ? bytes : Math.min(bytes, Number(last) + 1);
  if (first !== '' && last !== '' && Number(last) < Number(first)) return null;
  if (start >= end) throw fileErrors.rangeNotSatisfiable(bytes);
  return { start, end };
}

function contentResponse({ db }: Deps, row: FileRow, rangeHeader: string | undefined): Response {
  const { bytes } = row;
  const range = requestedRange(rangeHeader, bytes);
  const { start, end } = range ?? { start: 0, end: bytes };
  const headers = { ...contentHeaders(row), 'content-length': String(end - start) };
  if (end === 0) return new Response(new Uint8Array(), { headers });
  const body = ReadableStream.from(readFile(db, row, { start, end }));
  if (range === null) return new Response(body, { headers });
  const content_range = { 'content-range': `bytes ${start}-${end - 1}/${bytes}` };
  return new Response(body, { status: 206, headers: { ...headers, ...content_range } });
}

/** The values of a form's fields: `expires_after[anchor]` is a field of `expires_after`. */
function toFields(fields: ReadonlyMap<string, string>): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  const expiresAfter: Record<string, unknown> = {};
  for (const [name, text] of fields) {
    const [, inner] = /^expires_after\[(\w+)\]$/u.exec(name) ?? [];
    if (inner === undefined) values[name] = text;
    else
      expiresAfter[inner] = inner === 'seconds' && /^\d{1,15}$/u.test(text) ? Number(text) : text;
  }
  if (Object.keys(expiresAfter).length > 0) values['expires_after'] = expiresAfter;
  return values;
}

/** Checks the fields of a form, with the sentences that the Files API has for them. */
function checkFields(form: ReadonlyMap<string, string>): z.infer<typeof createFileFields> {
  const fields = toFields(form);
  const purpose = form.get('purpose');
  const unknown = Object.keys(fields).find((name) => !(name in createFileFields.shape));
  if (unknown !== undefined) throw fileErrors.unexpectedProperty(unknown);
  if (purpose === undefined) throw fileErrors.missingProperty('purpose');
  if (!z.enum(uploadPurposes).safeParse(purpose).success) {
    throw fileErrors.wrongPurpose(purpose, uploadPurposes);
  }
  const result = createFileFields.safeParse(fields, { reportInput: true });
  if (!result.success) throw errors.invalid(toValidationError(result.error));
  return result.data;
}

async function createFile(deps: Deps, request: Request): Promise<FileRow> {
  const { db, clock, fileLimits } = deps;
  await deps.fileOwner.decide();
  const options = {
    field: 'file',
    prefix: 'file-',
    maxBytes: fileLimits.maxFileBytes,
    tooLarge: fileErrors.fileTooLarge,
  };
  return receiveContent(deps, request, options, async (content, form) => {
    const { purpose, expires_after } = checkFields(form);
    const { id, filename, mediaType: media_type, bytes } = content;
    const file = { id, created_at: unixSeconds(clock), purpose };
    const lifetime = fileLifetime(purpose, expires_after);
    return transact(db, async (transaction) => {
      await checkStorage(transaction, fileLimits, bytes);
      await useContent(transaction, id);
      const body = { filename, media_type, bytes };
      return insertUploadedFile(transaction, { ...file, lifetime, body });
    });
  });
}

/** `/files` for files in this database: those of clients, and copies of those that code generated. */
export function fileRoutes(deps: Deps): Hono {
  const { db, clock, files, fileOwner } = deps;
  const routes = new Hono();

  routes.post('/', async (context) => {
    const row = await createFile(deps, context.req.raw);
    return context.json(toFile(row));
  });

  routes.get('/', async (context) => {
    await fileOwner.decide();
    const { purpose, ...query } = parseQuery(context, listFilesQuery);
    const filter = { now: unixSeconds(clock), ...(purpose !== undefined && { purpose }) };
    return listResponse(
      { limit: maxListedFiles, ...query },
      {
        notFound: errors.fileNotFound,
        findCursor: (id) => findFileCursor(db, id),
        read: (page) => listFiles(db, page, filter),
        toObject: toFile,
      },
    );
  });

  routes.get('/:file_id', async (context) => context.json(toFile(await pathFile(deps, context))));

  routes.get('/:file_id/content', async (context) =>
    contentResponse(deps, await pathFile(deps, context), context.req.header('range')),
  );

  routes.delete('/:file_id', async (context) => {
    const row = await pathFile(deps, context);
    if (fileBody(row).is_uploaded) await files?.deleteFile(row.id);
    const hidden = await transact(db, (transaction) => deleteFiles(transaction, [row.id]));
    await deleteHidden(db, hidden);
    return context.json({ id: row.id, object: 'file', deleted: true });
  });

  return routes;
}
