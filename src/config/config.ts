import { posix, win32 } from 'node:path';
import { type Command, type FlagKind, parseArguments } from './arguments.ts';
import { isLoopback } from '../shared/urls.ts';
import { type OptionInfo, type Option, InvalidOption } from './option.ts';
import { options } from './options.ts';

/** What the program was started with. */
export interface Environment {
  /** The command line without the interpreter and the script. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  /** The user's home directory; empty when there is none. */
  readonly home: string;
}

/** Every setting of the program, judged and complete. */
export type Config = Readonly<ReturnType<typeof resolveConfig>>;

export type ParsedCommand =
  | { readonly command: 'help' | 'version' }
  | {
      readonly command: 'stdio' | 'serve' | 'import' | 'export' | 'prune' | 'demo';
      readonly config: Config;
      /** What `import` is to read. */
      readonly files: readonly string[];
      readonly warnings: string[];
    }
  | { readonly problems: readonly string[] };

interface RawValue {
  /** The flag or variable that said it, as a person would write it. */
  readonly source: string;
  readonly text: string;
}

/** What was given for an option; undefined when nothing was. */
type Lookup = (option: OptionInfo) => RawValue | undefined;

const all: readonly OptionInfo[] = Object.values(options);

const flags: ReadonlyMap<string, FlagKind> = new Map(
  all.flatMap(({ flag, value }) =>
    flag === null ? [] : [[flag, value === null ? 'boolean' : 'string']],
  ),
);

/** A flag beats the environment; an empty variable counts as unset. */
const lookup =
  (values: ReadonlyMap<string, string>, env: Environment['env']): Lookup =>
  ({ flag, env: names }) => {
    const written = flag === null ? undefined : values.get(flag);
    if (written !== undefined) return { source: `--${flag}`, text: written };
    const source = names.find((name) => (env[name] ?? '').trim() !== '');
    return source === undefined ? undefined : { source, text: (env[source] ?? '').trim() };
  };

/** The per-user data directory's file, where each system keeps such things. */
function defaultDatabase({ platform, home, env }: Environment): string {
  const file = ['assistants-mcp', 'assistants.db'];
  if (platform === 'win32') {
    return win32.join(env['LOCALAPPDATA'] || win32.join(home, 'AppData', 'Local'), ...file);
  }
  if (platform === 'darwin') return posix.join(home, 'Library', 'Application Support', ...file);
  const base = env['XDG_DATA_HOME'] ?? '';
  return posix.join(posix.isAbsolute(base) ? base : posix.join(home, '.local', 'share'), ...file);
}

/** Hosts start servers without a shell, so that nobody else would read the `~`. */
const expandHome = (file: string, home: string): string =>
  /^~[/\\]/u.test(file) ? home + file.slice(1) : file;

/** Judges everything that was given, and puts each problem into `problems`. */
function resolveConfig(find: Lookup, environment: Environment, problems: string[]) {
  const value = <T>(option: Option<T>): T => {
    const given = find(option);
    try {
      return given === undefined ? option.default : option.parse(given.text);
    } catch (error) {
      if (!(error instanceof InvalidOption)) throw error;
      problems.push(...error.reasons.map((reason) => `${given?.source} ${reason}`));
      return option.default;
    }
  };
  const database = value(options.database) ?? defaultDatabase(environment);
  return {
    apiKey: value(options.apiKey),
    modelBaseUrl: value(options.modelBaseUrl),
    modelApi: value(options.modelApi),
    model: value(options.model),
    modelMap: value(options.modelMap),
    database: expandHome(database, environment.home),
    runLifetime: value(options.runLifetime),
    concurrency: value(options.concurrency),
    baseUrl: value(options.baseUrl),
    apiVersion: value(options.apiVersion),
    toolsets: value(options.toolsets),
    readOnly: value(options.readOnly),
    toolNames: value(options.toolNames),
    logLevel: value(options.logLevel),
    host: value(options.host),
    port: value(options.port),
    token: value(options.token),
    allowedHosts: value(options.allowedHosts),
    allowedOrigins: value(options.allowedOrigins),
    replace: value(options.replace),
    threads: value(options.threads),
    output: value(options.output),
    olderThan: value(options.olderThan),
    dryRun: value(options.dryRun),
  };
}

/** The demo has a database of its own, and needs every tool under its own name. */
const fixedInDemo = [options.database, options.toolsets, options.readOnly, options.toolNames];

const demoProblems = (find: Lookup): string[] =>
  fixedInDemo
    .flatMap((option: OptionInfo) => find(option)?.source ?? [])
    .filter((source) => source.startsWith('--'))
    .map((source) => `${source} has no effect on the demo.`);

/** Flags of another command; variables may well be set for all of them at once. */
const wrongCommandFlags = (find: Lookup, command: Command): string[] =>
  all
    .filter(({ command: only }) => only !== undefined && only !== command)
    .flatMap((option) => {
      const source = find(option)?.source ?? '';
      return source.startsWith('--') ? [`${source} has no effect without ${option.command}.`] : [];
    });

/** What `serve` cannot do, or should not. */
function serveProblems(find: Lookup, { host, token }: Config): string[] {
  const remote = find(options.baseUrl)?.source;
  return [
    ...(remote === undefined
      ? []
      : [`serve answers from the engine in this process: take ${remote} away.`]),
    ...(token !== null || isLoopback(host)
      ? []
      : [`serve needs ASSISTANTS_TOKEN on ${host}, which other machines can reach.`]),
  ];
}

/** These commands open a database themselves. */
function databaseProblems(find: Lookup, command: Command): string[] {
  const remote = find(options.baseUrl)?.source;
  return remote === undefined
    ? []
    : [`${command} works on a database of this machine: take ${remote} away.`];
}

/** A database is not left wherever the program happens to be started. */
function homeProblems(find: Lookup, command: Command, { database, baseUrl }: Config): string[] {
  const isOwn = command === 'demo' || baseUrl !== null;
  // Of Windows' ways to write a path, POSIX's is one.
  return isOwn || find(options.database) !== undefined || win32.isAbsolute(database)
    ? []
    : ['There is no home directory to keep the database in: name a file with --database.'];
}

function ignoredOptions(find: Lookup): string[] {
  const remote = find(options.baseUrl);
  return all
    .filter(({ mode }) => mode === (remote === undefined ? 'remote' : 'embedded'))
    .flatMap((option) => find(option)?.source ?? [])
    .map((source) =>
      remote === undefined
        ? `${source} has no effect without ASSISTANTS_BASE_URL.`
        : `${source} has no effect while ${remote.source} names a server.`,
    );
}

/** Nobody's threads go by default. */
const pruneProblems = (find: Lookup): string[] =>
  find(options.olderThan) === undefined
    ? ['prune needs --older-than, such as --older-than 30d.']
    : [];

const onDatabase: ReadonlySet<Command> = new Set(['import', 'export', 'prune']);

/** Reads flags, environment and defaults, in this order of precedence. */
export function readConfig(environment: Environment): ParsedCommand {
  const { command, values, files, problems } = parseArguments(environment.argv, flags);
  if (command === 'help' || command === 'version') return { command };
  const find = lookup(values, environment.env);
  const found = [...problems, ...wrongCommandFlags(find, command)];
  if (command === 'demo') found.push(...demoProblems(find));
  const config = resolveConfig(find, environment, found);
  found.push(...homeProblems(find, command, config));
  if (command === 'serve') found.push(...serveProblems(find, config));
  if (command === 'prune') found.push(...pruneProblems(find));
  if (onDatabase.has(command)) found.push(...databaseProblems(find, command));
  return found.length > 0
    ? { problems: found }
    : { command, config, files, warnings: ignoredOptions(find) };
}
