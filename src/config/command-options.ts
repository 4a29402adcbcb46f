import { type Option, required } from './option.ts';
import {
  anyText,
  bearerToken,
  boolean,
  byteSize,
  duration,
  hostName,
  httpUrl,
  idList,
  integer,
  listOf,
  webOrigin,
} from './option-values.ts';

const host: Option<string> = {
  flag: 'host',
  env: ['ASSISTANTS_HOST'],
  value: 'ADDRESS',
  help: 'Address to listen on; any other than loopback requires `ASSISTANTS_TOKEN`',
  defaultText: '`127.0.0.1`',
  parse: (text) => text.replace(/^\[(.*)\]$/u, '$1'),
  default: '127.0.0.1',
};

const port: Option<number> = {
  flag: 'port',
  env: ['ASSISTANTS_PORT'],
  value: 'NUMBER',
  help: 'Port to listen on; `0` picks a free port and logs it',
  defaultText: '`8080`',
  parse: integer(0, 65_535),
  default: 8080,
};

const token: Option<string | null> = {
  flag: null,
  env: ['ASSISTANTS_TOKEN'],
  value: null,
  help: 'Bearer token that callers must send as their API key',
  defaultText: 'none: no authentication, loopback only',
  secret: true,
  parse: bearerToken,
  default: null,
};

const tlsCert: Option<string | null> = {
  flag: 'tls-cert',
  env: ['ASSISTANTS_TLS_CERT'],
  value: 'FILE',
  help: "Speak HTTPS, with the certificate in this PEM file, the server's own first; read again on SIGHUP",
  defaultText: 'none: plain HTTP',
  parse: anyText,
  default: null,
};

const tlsKey: Option<string | null> = {
  flag: 'tls-key',
  env: ['ASSISTANTS_TLS_KEY'],
  value: 'FILE',
  help: 'PEM file with the private key of the certificate, not encrypted; read again on SIGHUP',
  defaultText: 'none',
  parse: anyText,
  default: null,
};

const allowedHosts: Option<readonly string[]> = {
  flag: 'allowed-hosts',
  env: ['ASSISTANTS_ALLOWED_HOSTS'],
  value: 'LIST',
  help: 'Host names to accept besides loopback and the address that the caller connects to',
  defaultText: 'none',
  parse: listOf(hostName),
  default: [],
};

const allowedOrigins: Option<readonly string[]> = {
  flag: 'allowed-origins',
  env: ['ASSISTANTS_ALLOWED_ORIGINS'],
  value: 'LIST',
  help: 'Origins of web pages that may call the server, such as `https://app.example`',
  defaultText: 'none',
  parse: listOf(webOrigin),
  default: [],
};

const maxBody: Option<number> = {
  flag: 'max-body',
  env: ['ASSISTANTS_MAX_BODY'],
  value: 'SIZE',
  help: 'Largest JSON body, such as `64MiB`; a message to `/mcp` may have at most 10 MiB',
  defaultText: '`32MiB`',
  parse: byteSize,
  default: 32 * 2 ** 20,
};

export const serveOptions = {
  host,
  port,
  token,
  tlsCert,
  tlsKey,
  allowedHosts,
  allowedOrigins,
  maxBody,
};

const replace: Option<boolean> = {
  flag: 'replace',
  env: [],
  value: null,
  help: 'Overwrite objects whose id already exists',
  defaultText: 'fail',
  parse: boolean,
  default: false,
};

const from: Option<string | null> = {
  flag: 'from',
  env: [],
  value: 'URL',
  help: 'Import from the Assistants-compatible server at this URL, used as is (no `/v1` is added), with `OPENAI_API_KEY`',
  defaultText: 'files',
  parse: httpUrl,
  default: null,
};

/** Of `export` and of `import --from`. */
const threads: Option<readonly string[] | null> = {
  flag: 'threads',
  env: [],
  value: 'IDS',
  help: 'Only these threads, and on export the assistants of their runs: ids separated by commas, or `@FILE` with one id on each line',
  defaultText: 'all threads',
  parse: idList,
  default: null,
};

const dryRun: Option<boolean> = {
  flag: 'dry-run',
  env: [],
  value: null,
  help: 'Print what would be imported or deleted, and change nothing',
  defaultText: '`false`',
  parse: boolean,
  default: false,
};

export const importOptions = { from, threads, replace, dryRun };

const output: Option<string | null> = {
  flag: 'output',
  env: [],
  value: 'FILE',
  help: 'File to write; an existing file is replaced once the export is complete',
  defaultText: 'stdout',
  parse: (text) => (text === '-' ? null : text),
  default: null,
};

const exportFiles: Option<boolean> = {
  flag: 'files',
  env: [],
  value: null,
  help: 'Also export the files in the database, with their content',
  defaultText: 'no files',
  parse: boolean,
  default: false,
};

export const exportOptions = { threads, output, exportFiles };

/** Seconds. */
const olderThan: Option<number | null> = {
  flag: 'older-than',
  env: [],
  value: 'TIME',
  help: 'Delete threads with no new message or run in this period, such as `90s`, `15m`, `12h`, `30d` or `8w`',
  defaultText: required,
  parse: duration,
  default: null,
};

const pruneFiles: Option<boolean> = {
  flag: 'files',
  env: [],
  value: null,
  help: 'Also delete files of this age that no assistant, thread, message, run or vector store refers to',
  defaultText: 'only copies of files that the code of deleted threads generated',
  parse: boolean,
  default: false,
};

export const pruneOptions = { olderThan, dryRun, pruneFiles };

/** The options of single commands. */
export const commandOptions = {
  ...serveOptions,
  ...importOptions,
  ...exportOptions,
  ...pruneOptions,
};
