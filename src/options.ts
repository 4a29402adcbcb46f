import { type LogLevel, logLevels } from './log.ts';
import { type ToolNames, toolNames, type Toolset, toolsets } from './tools/toolset.ts';

/** What people are told about an option: `--help`, the README and server.json say the same. */
export interface About {
  /** Without its dashes; null when the option is set by environment alone. */
  readonly flag: string | null;
  /** The names it goes by in the environment; the first that is set counts. */
  readonly env: readonly [string, ...string[]];
  /** Stands for the value in `--help`; null for a switch. */
  readonly value: string | null;
  readonly help: string;
  /** The default, in words. */
  readonly fallback: string;
  readonly secret?: true;
  /** The mode that the option belongs to; it has no effect in the other. */
  readonly mode?: 'embedded' | 'remote';
}

export interface Option<T> extends About {
  /** Judges what was given; throws a {@link RefusedValue}. */
  readonly read: (text: string) => T;
  /** What holds when nothing was given. */
  readonly otherwise: T;
}

/** A value that an option cannot take; its message goes on from the option's name. */
export class RefusedValue extends Error {
  override readonly name = 'RefusedValue';
}

const asGiven = (text: string): string => text;

function webAddress(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/u.test(url.protocol)) {
    throw new RefusedValue('must be a URL that begins with https:// or http://.');
  }
  if (/[?#]/u.test(text) || url.username !== '' || url.password !== '') {
    throw new RefusedValue('must be a URL without query, fragment, user name or password.');
  }
  return text;
}

const wholeNumber = (least: number, most: number) => (text: string) => {
  const number = /^\d{1,9}$/u.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new RefusedValue(`must be a whole number from ${least} to ${most}, not '${text}'.`);
};

const oneOf =
  <T extends string>(choices: readonly T[]) =>
  (text: string) => {
    const choice = choices.find((candidate) => candidate === text);
    if (choice !== undefined) return choice;
    const listed = `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`;
    throw new RefusedValue(`must be ${listed}, not '${text}'.`);
  };

function sqliteFile(text: string): string {
  if (!/^postgres(?:ql)?:\/\//iu.test(text)) return text;
  throw new RefusedValue("must be an SQLite file or ':memory:'; PostgreSQL is not supported yet.");
}

function toolsetList(text: string): readonly Toolset[] {
  if (text === 'all') return toolsets;
  const names = text.split(/[\s,]+/u).filter(Boolean);
  const unknown = names.find((name) => !toolsets.some((toolset) => toolset === name));
  if (names.length > 0 && unknown === undefined) {
    return toolsets.filter((toolset) => names.includes(toolset));
  }
  const objection = unknown === undefined ? '' : `; '${unknown}' is none of them`;
  throw new RefusedValue(`must be 'all' or some of ${toolsets.join(',')}${objection}.`);
}

function yesOrNo(text: string): boolean {
  if (/^(?:true|1|yes|on)$/iu.test(text)) return true;
  if (/^(?:false|0|no|off)$/iu.test(text)) return false;
  throw new RefusedValue(`must be true or false, not '${text}'.`);
}

const apiKey: Option<string | null> = {
  flag: null,
  env: ['OPENAI_API_KEY', 'OPENAI_APIS_API_KEY'],
  value: null,
  help: 'Key for model calls, or for the remote server',
  fallback: 'none',
  secret: true,
  read: asGiven,
  otherwise: null,
};

const modelBaseUrl: Option<string | null> = {
  flag: null,
  env: ['OPENAI_BASE_URL'],
  value: null,
  help: 'Model endpoint that runs are carried out on',
  fallback: "OpenAI's",
  mode: 'embedded',
  read: webAddress,
  otherwise: null,
};

const modelApi: Option<'responses' | 'scripted'> = {
  flag: 'model-api',
  env: ['ASSISTANTS_MODEL_API'],
  value: 'NAME',
  help: '`responses`, or `scripted`: offline and deterministic, for trying things out',
  fallback: '`responses`',
  mode: 'embedded',
  read: oneOf(['responses', 'scripted']),
  otherwise: 'responses',
};

const model: Option<string | null> = {
  flag: 'model',
  env: ['ASSISTANTS_MODEL'],
  value: 'NAME',
  help: 'Use this model whatever the assistant names, whose own may be retired',
  fallback: "the assistant's",
  mode: 'embedded',
  read: asGiven,
  otherwise: null,
};

const database: Option<string | null> = {
  flag: 'database',
  env: ['ASSISTANTS_DATABASE'],
  value: 'FILE',
  help: 'SQLite file that holds everything, or `:memory:`',
  fallback: 'a file in the per-user data directory',
  mode: 'embedded',
  read: sqliteFile,
  otherwise: null,
};

const runLifetime: Option<number> = {
  flag: 'run-lifetime',
  env: ['ASSISTANTS_RUN_LIFETIME'],
  value: 'SECONDS',
  help: 'Seconds from the creation of a run until it expires',
  fallback: '`600`',
  mode: 'embedded',
  read: wholeNumber(1, 86_400),
  otherwise: 600,
};

const concurrency: Option<number> = {
  flag: 'concurrency',
  env: ['ASSISTANTS_CONCURRENCY'],
  value: 'COUNT',
  help: 'Runs carried out at once',
  fallback: '`16`',
  mode: 'embedded',
  read: wholeNumber(1, 1000),
  otherwise: 16,
};

const baseUrl: Option<string | null> = {
  flag: 'base-url',
  env: ['ASSISTANTS_BASE_URL'],
  value: 'URL',
  help: 'Remote mode: use this Assistants-compatible server, as given (no `/v1` is added)',
  fallback: 'none: the embedded engine',
  read: webAddress,
  otherwise: null,
};

const apiVersion: Option<string | null> = {
  flag: 'api-version',
  env: ['ASSISTANTS_API_VERSION'],
  value: 'VERSION',
  help: 'Remote mode: sent as query `api-version`, for Azure',
  fallback: 'none',
  mode: 'remote',
  read: asGiven,
  otherwise: null,
};

const toolsetsOption: Option<readonly Toolset[]> = {
  flag: 'toolsets',
  env: ['ASSISTANTS_TOOLSETS'],
  value: 'LIST',
  help: `Which tool groups are listed: \`all\`, or some of \`${toolsets.join(',')}\``,
  fallback: '`all`',
  read: toolsetList,
  otherwise: toolsets,
};

const readOnly: Option<boolean> = {
  flag: 'read-only',
  env: ['ASSISTANTS_READ_ONLY'],
  value: null,
  help: 'List only the tools that change nothing; wins over everything else',
  fallback: '`false`',
  read: yesOrNo,
  otherwise: false,
};

const toolNamesOption: Option<ToolNames> = {
  flag: 'tool-names',
  env: ['ASSISTANTS_TOOL_NAMES'],
  value: 'NAMES',
  help: '`default`, or `capability`: eight tools under the names of the published capabilities',
  fallback: '`default`',
  read: oneOf(toolNames),
  otherwise: 'default',
};

const logLevel: Option<LogLevel> = {
  flag: 'log-level',
  env: ['ASSISTANTS_LOG_LEVEL'],
  value: 'LEVEL',
  help: '`error`, `warn`, `info` or `debug`; the log goes to stderr',
  fallback: '`info`',
  read: oneOf(logLevels),
  otherwise: 'info',
};

/** Every option there is, in the order in which people read of them. */
export const options = {
  apiKey,
  modelBaseUrl,
  modelApi,
  model,
  database,
  runLifetime,
  concurrency,
  baseUrl,
  apiVersion,
  toolsets: toolsetsOption,
  readOnly,
  toolNames: toolNamesOption,
  logLevel,
};
