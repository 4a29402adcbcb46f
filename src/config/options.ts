import { isPostgresUrl } from '../shared/urls.ts';
import { type LogLevel, logLevels } from '../shared/log.ts';
import {
  type Option,
  InvalidOption,
  anyText,
  listOf,
  oneOf,
  parseModelMap,
  httpUrl,
  integer,
  boolean,
} from './option.ts';
import { dryRun, olderThan } from './command-options.ts';
import { type ToolNames, toolNames, type Toolset, toolsets } from '../tools/toolsets.ts';
import { output, replace, threads } from './command-options.ts';

function toolsetList(text: string): readonly Toolset[] {
  if (text === 'all') return toolsets;
  const names = text.split(/[\s,]+/u).filter(Boolean);
  const unknown = names.find((name) => !toolsets.some((toolset) => toolset === name));
  if (names.length > 0 && unknown === undefined) {
    return toolsets.filter((toolset) => names.includes(toolset));
  }
  const objection = unknown === undefined ? '' : `; '${unknown}' is none of them`;
  throw new InvalidOption(`must be 'all' or some of ${toolsets.join(',')}${objection}.`);
}

/** What a header can carry: with anything else, such as the `…` of a shortened key, no call could be made. */
function headerValue(text: string): string {
  if (/^[\x20-\x7e]+$/u.test(text)) return text;
  throw new InvalidOption('must be one line of ASCII characters.');
}

/** What a header can carry as a token; nothing else could ever be sent. */
function bearerToken(text: string): string {
  if (/^[\x21-\x7e]+$/u.test(text)) return text;
  throw new InvalidOption('must be of visible ASCII characters, without spaces.');
}

/** A file, `:memory:` or PostgreSQL; a URL of another kind would become a file of that name. */
function databaseLocation(text: string): string {
  const scheme = /^[a-z][a-z0-9+.-]+:\/\//iu.exec(text);
  if (scheme === null || isPostgresUrl(text)) return text;
  throw new InvalidOption(`must be a file, :memory: or a postgres:// URL, not ${scheme[0]}.`);
}

/** A host name or address in lower case, without its port. */
function hostName(text: string): string {
  const url = URL.parse(
    `http://${text.includes('::') ? text.replace(/^([^[].*)$/u, '[$1]') : text}`,
  );
  if (url !== null && !/[/?#@*]/u.test(text)) return url.hostname;
  throw new InvalidOption(`must be host names or addresses, and '${text}' is none.`);
}

/** An origin as browsers send it. */
function webOrigin(text: string): string {
  if (/^[a-z][a-z0-9+.-]*:\/\/[^/?#@*]+$/u.test(text)) return text;
  throw new InvalidOption(`must be origins such as https://app.example, and '${text}' is none.`);
}

const apiKey: Option<string | null> = {
  flag: null,
  env: ['OPENAI_API_KEY', 'OPENAI_APIS_API_KEY'],
  value: null,
  help: 'Key for model calls, or for the remote server',
  defaultText: 'none',
  secret: true,
  parse: headerValue,
  default: null,
};

const modelBaseUrl: Option<string | null> = {
  flag: null,
  env: ['OPENAI_BASE_URL'],
  value: null,
  help: 'Model endpoint that runs are carried out on',
  defaultText: "OpenAI's",
  mode: 'embedded',
  parse: httpUrl,
  default: null,
};

const modelApis = ['auto', 'responses', 'chat', 'scripted'] as const;

const modelApi: Option<(typeof modelApis)[number]> = {
  flag: 'model-api',
  env: ['ASSISTANTS_MODEL_API'],
  value: 'NAME',
  help: '`responses`, `chat` (Chat Completions), `auto` to find out which of them there is, or `scripted`: offline and deterministic, for trying things out',
  defaultText: '`auto`',
  mode: 'embedded',
  parse: oneOf(modelApis),
  default: 'auto',
};

const model: Option<string | null> = {
  flag: 'model',
  env: ['ASSISTANTS_MODEL'],
  value: 'NAME',
  help: 'Use this model whatever the assistant names, whose own may be retired',
  defaultText: "the assistant's",
  mode: 'embedded',
  parse: anyText,
  default: null,
};

const modelMap: Option<ReadonlyMap<string, string>> = {
  flag: 'model-map',
  env: ['ASSISTANTS_MODEL_MAP'],
  value: 'LIST',
  help: 'Use new models in place of old ones, such as `gpt-4=gpt-4.1,gpt-4o=gpt-5.4`; `--model` wins over it',
  defaultText: 'none',
  mode: 'embedded',
  parse: parseModelMap,
  default: new Map(),
};

const database: Option<string | null> = {
  flag: 'database',
  env: ['ASSISTANTS_DATABASE'],
  value: 'LOCATION',
  help: 'SQLite file that holds everything, `:memory:`, or `postgres://user@host/database`',
  defaultText: 'a file in the per-user data directory',
  mode: 'embedded',
  parse: databaseLocation,
  default: null,
};

const runLifetime: Option<number> = {
  flag: 'run-lifetime',
  env: ['ASSISTANTS_RUN_LIFETIME'],
  value: 'SECONDS',
  help: 'Seconds from the creation of a run until it expires',
  defaultText: '`600`',
  mode: 'embedded',
  parse: integer(1, 86_400),
  default: 600,
};

const concurrency: Option<number> = {
  flag: 'concurrency',
  env: ['ASSISTANTS_CONCURRENCY'],
  value: 'COUNT',
  help: 'Runs carried out at once',
  defaultText: '`16`',
  mode: 'embedded',
  parse: integer(1, 1000),
  default: 16,
};

const baseUrl: Option<string | null> = {
  flag: 'base-url',
  env: ['ASSISTANTS_BASE_URL'],
  value: 'URL',
  help: 'Remote mode: use this Assistants-compatible server, as given (no `/v1` is added)',
  defaultText: 'none: the embedded engine',
  parse: httpUrl,
  default: null,
};

const apiVersion: Option<string | null> = {
  flag: 'api-version',
  env: ['ASSISTANTS_API_VERSION'],
  value: 'VERSION',
  help: 'Remote mode: sent as query `api-version`, for Azure',
  defaultText: 'none',
  mode: 'remote',
  parse: anyText,
  default: null,
};

const toolsetsOption: Option<readonly Toolset[]> = {
  flag: 'toolsets',
  env: ['ASSISTANTS_TOOLSETS'],
  value: 'LIST',
  help: `Which tool groups are listed: \`all\`, or some of \`${toolsets.join(',')}\``,
  defaultText: '`all`',
  parse: toolsetList,
  default: toolsets,
};

const readOnly: Option<boolean> = {
  flag: 'read-only',
  env: ['ASSISTANTS_READ_ONLY'],
  value: null,
  help: 'List only the tools that change nothing; wins over everything else',
  defaultText: '`false`',
  parse: boolean,
  default: false,
};

const toolNamesOption: Option<ToolNames> = {
  flag: 'tool-names',
  env: ['ASSISTANTS_TOOL_NAMES'],
  value: 'NAMES',
  help: '`default`, or `capability`: eight tools under the names of the published capabilities',
  defaultText: '`default`',
  parse: oneOf(toolNames),
  default: 'default',
};

const logLevel: Option<LogLevel> = {
  flag: 'log-level',
  env: ['ASSISTANTS_LOG_LEVEL'],
  value: 'LEVEL',
  help: '`error`, `warn`, `info` or `debug`; the log goes to stderr',
  defaultText: '`info`',
  parse: oneOf(logLevels),
  default: 'info',
};

const host: Option<string> = {
  flag: 'host',
  env: ['ASSISTANTS_HOST'],
  value: 'ADDRESS',
  help: 'Address to listen on; one that other machines can reach needs ASSISTANTS_TOKEN',
  defaultText: '`127.0.0.1`',
  command: 'serve',
  parse: (text) => text.replace(/^\[(.*)\]$/u, '$1'),
  default: '127.0.0.1',
};

const port: Option<number> = {
  flag: 'port',
  env: ['ASSISTANTS_PORT'],
  value: 'NUMBER',
  help: 'Port to listen on; `0` picks a free one, which the log names',
  defaultText: '`8080`',
  command: 'serve',
  parse: integer(0, 65_535),
  default: 8080,
};

const token: Option<string | null> = {
  flag: null,
  env: ['ASSISTANTS_TOKEN'],
  value: null,
  help: 'Bearer token that callers of `serve` have to send as their API key',
  defaultText: 'none: any key or none will do, from this machine alone',
  secret: true,
  command: 'serve',
  parse: bearerToken,
  default: null,
};

const allowedHosts: Option<readonly string[]> = {
  flag: 'allowed-hosts',
  env: ['ASSISTANTS_ALLOWED_HOSTS'],
  value: 'LIST',
  help: 'Names by which callers may address `serve`, beside loopback and the address it is reached at',
  defaultText: 'none',
  command: 'serve',
  parse: listOf(hostName),
  default: [],
};

const allowedOrigins: Option<readonly string[]> = {
  flag: 'allowed-origins',
  env: ['ASSISTANTS_ALLOWED_ORIGINS'],
  value: 'LIST',
  help: 'Origins of web pages that may call `serve`, such as `https://app.example`',
  defaultText: 'none',
  command: 'serve',
  parse: listOf(webOrigin),
  default: [],
};

/** Every option there is, in the order in which people read of them. */
export const options = {
  apiKey,
  modelBaseUrl,
  modelApi,
  model,
  modelMap,
  database,
  runLifetime,
  concurrency,
  baseUrl,
  apiVersion,
  toolsets: toolsetsOption,
  readOnly,
  toolNames: toolNamesOption,
  logLevel,
  host,
  port,
  token,
  allowedHosts,
  allowedOrigins,
  replace,
  threads,
  output,
  olderThan,
  dryRun,
};
