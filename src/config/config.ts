import { posix, win32 } from 'node:path';
import { type CommandSyntax, type FlagKind, parseArguments } from './arguments.ts';
import { commandOptions } from './command-options.ts';
import { InvalidOption, type Option, type OptionInfo, type OptionValues } from './option.ts';
import { checkExpanded, givenText } from './option-values.ts';
import { sharedOptions } from './options.ts';
import { toolNameProblems, unlistedToolWarnings } from './tool-filter.ts';

/** What the program is started with. */
export interface Environment {
  /** The command line without the interpreter and the script. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  /** The user's home directory; empty when there is none. */
  readonly home: string;
}

const allOptions = { ...sharedOptions, ...commandOptions };

/** The parsed value of every option of every command. */
export interface Config extends Omit<OptionValues<typeof allOptions>, 'database'> {
  /** A file, `:memory:` or a PostgreSQL URL. */
  readonly database: string;
}

/** How a command was called. */
export interface Invocation {
  readonly config: Config;
  /** The words after the command. */
  readonly positionals: readonly string[];
  /** Options that have no effect here, one sentence each. */
  readonly warnings: readonly string[];
}

/** The flag or variable that sets an option; undefined: its default applies. */
export type SourceOf = (option: OptionInfo) => string | undefined;

/** What help and configuration need to know about a command. */
export interface CommandInfo extends CommandSyntax {
  /** What to type after the program's name. */
  readonly usage: string;
  /** What the command does, as an imperative without a full stop. */
  readonly summary: string;
  /** The options of this command alone. */
  readonly options: Readonly<Record<string, OptionInfo>>;
  /** Shared options that have no effect on this command: their flags are errors. */
  readonly ignores?: readonly OptionInfo[];
  /** Works on the embedded engine's database and has no remote mode. */
  readonly isLocal?: true;
  /** Whether it changes the database, and so does not run with `--read-only`. */
  readonly changesDatabase?: true;
  /** Further requirements of the command; one sentence for each that is not met. */
  check?(invocation: Invocation, sourceOf: SourceOf): readonly string[];
}

export type ParsedCommandLine<Command> =
  | { readonly action: 'version' }
  /** Without a command: the help of the whole program. */
  | { readonly action: 'help'; readonly command: Command | undefined }
  | ({ readonly action: 'run'; readonly command: Command } & Invocation)
  | { readonly action: 'fail'; readonly command: Command; readonly problems: readonly string[] };

interface RawValue {
  readonly source: string;
  readonly text: string;
}

type Lookup = (option: OptionInfo) => RawValue | undefined;

/** The options that flags stand for: a command's own take the place of shared ones. */
function flagOptions(command: CommandInfo | undefined): ReadonlyMap<string | null, OptionInfo> {
  const options = [commandOptions, sharedOptions, command?.options ?? {}].flatMap((each) =>
    Object.values<OptionInfo>(each),
  );
  return new Map(options.map((option) => [option.flag, option]));
}

const flagKinds = (command: CommandInfo | undefined): ReadonlyMap<string, FlagKind> =>
  new Map(
    [...flagOptions(command)].flatMap(([flag, { value }]) =>
      flag === null ? [] : [[flag, value === null ? 'boolean' : 'string']],
    ),
  );

/** Flags override the environment; an empty variable counts as unset. */
const createLookup =
  (
    values: ReadonlyMap<string, string>,
    env: Environment['env'],
    flags: ReadonlyMap<string | null, OptionInfo>,
  ): Lookup =>
  (option) => {
    const { flag, env: names } = option;
    const isWritten = flag !== null && flags.get(flag) === option;
    const written = isWritten ? values.get(flag) : undefined;
    if (written !== undefined) return { source: `--${flag}`, text: givenText(written) };
    const source = names.find((name) => givenText(env[name] ?? '') !== '');
    return source === undefined ? undefined : { source, text: givenText(env[source] ?? '') };
  };

/** A file in the per-user data directory of each system. */
function defaultDatabase({ platform, home, env }: Environment): string {
  const file = ['assistants-mcp', 'assistants.db'];
  if (platform === 'win32') {
    return win32.join(env['LOCALAPPDATA'] || win32.join(home, 'AppData', 'Local'), ...file);
  }
  if (platform === 'darwin') return posix.join(home, 'Library', 'Application Support', ...file);
  const base = env['XDG_DATA_HOME'] ?? '';
  return posix.join(posix.isAbsolute(base) ? base : posix.join(home, '.local', 'share'), ...file);
}

/** MCP hosts start servers without a shell that would expand the `~`. */
const expandHome = (file: string, home: string): string =>
  /^~[/\\]/u.test(file) ? home + file.slice(1) : file;

/** Parses every option; an invalid one adds to `problems` and gets its default. */
function resolveConfig(lookup: Lookup, environment: Environment, problems: string[]): Config {
  const valueOf = <Value>(option: Option<Value>): Value => {
    const raw = lookup(option);
    try {
      if (raw === undefined) return option.default;
      checkExpanded(raw.text);
      return option.parse(raw.text);
    } catch (error) {
      if (!(error instanceof InvalidOption)) throw error;
      problems.push(...error.reasons.map((reason) => `${raw?.source}: ${reason}`));
      return option.default;
    }
  };
  const entries = Object.entries<Option<unknown>>(allOptions);
  const values = Object.fromEntries(entries.map(([name, option]) => [name, valueOf(option)]));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- fromEntries forgets the names
  const config = values as OptionValues<typeof allOptions>;
  const database = config.database ?? defaultDatabase(environment);
  return { ...config, database: expandHome(database, environment.home) };
}

/** The flags among the sources of options; a variable may be meant for another command. */
const flagsOf = (options: readonly OptionInfo[], sourceOf: SourceOf): string[] =>
  options.flatMap((option) => sourceOf(option) ?? []).filter((source) => source.startsWith('--'));

/** Flags that belong to another command, or have no effect on this one. */
function misplacedFlags<Command extends CommandInfo>(
  command: Command,
  commands: readonly Command[],
  sourceOf: SourceOf,
): string[] {
  const own = new Set(Object.values(command.options));
  const owners = new Map<OptionInfo, string[]>();
  for (const { name, options } of commands) {
    for (const option of Object.values(options).filter((each) => !own.has(each))) {
      owners.set(option, [...(owners.get(option) ?? []), name]);
    }
  }
  return [
    ...[...owners].flatMap(([option, names]) =>
      flagsOf([option], sourceOf).map(
        (flag) => `${flag} has no effect without the ${names.join(' or ')} command.`,
      ),
    ),
    ...flagsOf(command.ignores ?? [], sourceOf).map(
      (flag) => `${flag} has no effect on the ${command.name} command.`,
    ),
  ];
}

/** One sentence for each setting with which the command cannot be used. */
function forbiddenSettings(
  { name, isLocal, changesDatabase }: CommandInfo,
  { readOnly }: Config,
  sourceOf: SourceOf,
): string[] {
  const { baseUrl, readOnly: readOnlyOption } = sharedOptions;
  const forbidden = [
    ...(isLocal === true ? [baseUrl] : []),
    ...(changesDatabase === true && readOnly ? [readOnlyOption] : []),
  ];
  return forbidden
    .flatMap((option) => sourceOf(option) ?? [])
    .map((source) => {
      const remedy = source.startsWith('--') ? 'remove' : 'unset';
      return `${name} cannot be used with ${source}; ${remedy} it.`;
    });
}

/** Without a home directory the default database would land in the current directory. */
function homeProblems(command: CommandInfo, config: Config, sourceOf: SourceOf): string[] {
  const { database } = sharedOptions;
  const needsNone = command.ignores?.includes(database) === true || config.baseUrl !== null;
  // win32 recognises POSIX paths as absolute, too.
  return needsNone || sourceOf(database) !== undefined || win32.isAbsolute(config.database)
    ? []
    : ['There is no home directory for the database; choose a file with --database.'];
}

/** One sentence for each option of the other mode, embedded or remote. */
function ignoredOptions(sourceOf: SourceOf): string[] {
  const remote = sourceOf(sharedOptions.baseUrl);
  return Object.values<OptionInfo>(allOptions)
    .filter(({ mode }) => mode === (remote === undefined ? 'remote' : 'embedded'))
    .flatMap((option) => sourceOf(option) ?? [])
    .map((source) =>
      remote === undefined
        ? `${source} has no effect without ASSISTANTS_BASE_URL.`
        : `${source} has no effect while ${remote} is set.`,
    );
}

function findDefault<Command extends CommandInfo>(commands: readonly Command[]): Command {
  const command = commands.find(({ isDefault }) => isDefault === true);
  if (command === undefined) throw new Error('No command is the default.');
  return command;
}

/** Parses the command line and the environment, and reports all problems together. */
export function readConfig<Command extends CommandInfo>(
  environment: Environment,
  commands: readonly Command[],
): ParsedCommandLine<Command> {
  const { argv } = environment;
  const { command: named } = parseArguments(argv, flagKinds(undefined), commands);
  const { action, ...parsed } = parseArguments(argv, flagKinds(named), commands);
  if (action === 'version') return { action };
  if (action === 'help') return { action, command: parsed.command };
  const command = parsed.command ?? findDefault(commands);
  const lookup = createLookup(parsed.values, environment.env, flagOptions(command));
  const sourceOf: SourceOf = (option) => lookup(option)?.source;
  const problems = [...parsed.problems, ...misplacedFlags(command, commands, sourceOf)];
  const config = resolveConfig(lookup, environment, problems);
  const { positionals } = parsed;
  const sources = {
    tools: sourceOf(sharedOptions.tools),
    excludeTools: sourceOf(sharedOptions.excludeTools),
  };
  const warnings = [...ignoredOptions(sourceOf), ...unlistedToolWarnings(config, sources.tools)];
  const invocation = { config, positionals, warnings };
  problems.push(
    ...toolNameProblems(config, sources),
    ...homeProblems(command, config, sourceOf),
    ...(command.check?.(invocation, sourceOf) ?? []),
    ...forbiddenSettings(command, config, sourceOf),
  );
  return problems.length > 0
    ? { action: 'fail', command, problems }
    : { action, command, ...invocation };
}
