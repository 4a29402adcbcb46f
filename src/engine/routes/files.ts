import { type Context, Hono } from 'hono';
import { errors } from '../http/errors.ts';
import type { EngineOptions } from '../options.ts';
import { deleteFile, fileBody, findContent, findFile, toFile } from '../store/files.ts';
import type { Database, FileRow } from '../store/schema.ts';

const methods = new Set(['GET', 'HEAD', 'DELETE']);

/**
 * Whether a request is for a generated file with a local copy. True as well when the database fails,
 * so that the request fails with that error.
 */
export async function isOwnFileRequest(
  db: Database,
  { method, url }: Pick<Request, 'method' | 'url'>,
): Promise<boolean> {
  const path = /^\/v1\/files\/([^/]+)(?:\/content)?\/?$/u.exec(new URL(url).pathname);
  if (path === null || !methods.has(method)) return false;
  const [, id = ''] = path;
  return findFile(db, id).then(
    (row) => row !== undefined,
    () => true,
  );
}

async function pathFile(db: Database, context: Context): Promise<FileRow> {
  const id = context.req.param('file_id') ?? '';
  const row = await findFile(db, id);
  if (row === undefined) throw errors.fileNotFound(id);
  return row;
}

/** A model's code chose the name: characters that a header cannot hold are only in `filename*`. */
function contentHeaders(row: FileRow): Record<string, string> {
  const { filename, media_type, bytes } = fileBody(row);
  const asciiName = filename.replaceAll(/[^\x20-\x7e]|["\\%]/gu, '_');
  const encodedName = encodeURIComponent(filename.toWellFormed()).replaceAll(/['()*]/gu, escape);
  return {
    'content-type': media_type ?? 'application/octet-stream',
    'content-length': String(bytes),
    'content-disposition': `attachment; filename="${asciiName}"; filename*=UTF-8''${encodedName}`,
    'x-content-type-options': 'nosniff',
  };
}

/** `/files/{file_id}` for local copies of generated files (contract §8.6). */
export function fileRoutes({ db, files }: EngineOptions): Hono {
  const routes = new Hono();

  routes.get('/:file_id', async (context) => context.json(toFile(await pathFile(db, context))));

  routes.get('/:file_id/content', async (context) => {
    const row = await pathFile(db, context);
    const content = await findContent(db, row.id);
    if (content === undefined) throw errors.fileNotFound(row.id);
    return new Response(content, { headers: contentHeaders(row) });
  });

  routes.delete('/:file_id', async (context) => {
    const row = await pathFile(db, context);
    if (fileBody(row).is_uploaded) await files?.deleteFile(row.id);
    await deleteFile(db, row.id);
    return context.json({ id: row.id, object: 'file', deleted: true });
  });

  return routes;
}
