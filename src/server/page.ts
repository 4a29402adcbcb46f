import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import { errors } from '../engine/http/errors.ts';
import { distFolder } from '../shared/dist-folder.ts';

/** What the page has to know of this server. */
export interface PageOptions {
  readonly readOnly: boolean;
  readonly modelApi: string;
  readonly version: string;
  /** Whether everybody may load the page; its data need the token in any case. */
  readonly isPublic: boolean;
}

interface PageFile {
  readonly body: Buffer<ArrayBuffer>;
  readonly compressed: Buffer<ArrayBuffer>;
}

const contentTypes: ReadonlyMap<string, string> = new Map([
  ['index.html', 'text/html; charset=utf-8'],
  ['login.html', 'text/html; charset=utf-8'],
  ['app.js', 'text/javascript; charset=utf-8'],
  ['login.js', 'text/javascript; charset=utf-8'],
  ['app.css', 'text/css; charset=utf-8'],
  ['login.css', 'text/css; charset=utf-8'],
  ['icon.svg', 'image/svg+xml'],
]);

/** Files without which nobody could enter a token. */
const loginFiles: ReadonlySet<string> = new Set(['login.js', 'login.css', 'icon.svg']);

/** Nothing of another host, no script or style in the document, in no frame. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data: blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
];

/** The login loads the page's script with the token, so that it comes from memory. */
const loginPolicy = policy.map((rule) => (rule.startsWith('script-src') ? `${rule} blob:` : rule));

const headersOf = (file: string) => ({
  'content-type': contentTypes.get(file) ?? 'application/json',
  'content-security-policy': (file === 'login.html' ? loginPolicy : policy).join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cache-control': 'no-cache',
  vary: 'accept-encoding',
});

async function load(file: string): Promise<PageFile> {
  const body = await readFile(join(distFolder, 'page', file));
  const params = { [constants.BROTLI_PARAM_QUALITY]: 9 };
  const compressed = await promisify(brotliCompress)(body, { params });
  return { body: Buffer.from(body), compressed: Buffer.from(compressed) };
}

/** Answers the requests for the page and its files. */
export interface PageHandler {
  /** Whether a request for this path has to carry the token. */
  needsToken(path: string): boolean;
  fetch(request: Request): Promise<Response>;
}

const fileOf = (path: string): string => path.replace(/^\/page\//u, '');

/** Creates the handler of the page; each file is read and compressed at its first request. */
export function createPage({ readOnly, modelApi, version, isPublic }: PageOptions): PageHandler {
  const files = new Map<string, Promise<PageFile>>();
  const config = JSON.stringify({ read_only: readOnly, model_api: modelApi, version });
  const read = (file: string): Promise<PageFile> => {
    const known = files.get(file) ?? load(file);
    files.set(file, known);
    known.catch(() => files.delete(file));
    return known;
  };
  return {
    needsToken: (path) => !isPublic && path !== '/' && !loginFiles.has(fileOf(path)),
    async fetch(request) {
      const { pathname } = new URL(request.url);
      const file = pathname === '/' ? (isPublic ? 'index.html' : 'login.html') : fileOf(pathname);
      if (file === 'config.json') return new Response(config, { headers: headersOf(file) });
      if (!contentTypes.has(file) || (file.endsWith('.html') && pathname !== '/')) {
        throw errors.unknownUrl(request.method, pathname);
      }
      const { body, compressed } = await read(file);
      const isCompressed = /\bbr\b/u.test(request.headers.get('accept-encoding') ?? '');
      const headers = { ...headersOf(file), ...(isCompressed && { 'content-encoding': 'br' }) };
      const content = isCompressed ? compressed : body;
      const isHead = request.method === 'HEAD';
      return new Response(isHead ? null : content, {
        headers: { ...headers, 'content-length': String(content.byteLength) },
      });
    },
  };
}
