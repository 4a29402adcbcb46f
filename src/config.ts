import { posix, win32 } from 'node:path';
import { type FlagKind, readArguments } from './arguments.ts';
import { type Config, options, settings } from './options.ts';

const flags: ReadonlyMap<string, FlagKind> = new Map(
  options.flatMap(({ flag, value }) =>
    flag === null ? [] : [[flag, value === null ? 'boolean' : 'string']],
  ),
);

/** What the program was started with. */
export interface Surroundings {
  /** The command line without the interpreter and the script. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  /** The user's home directory. */
  readonly home: string;
}

export type Reading =
  | { readonly command: 'help' | 'version' }
  | { readonly command: 'stdio' | 'demo'; readonly config: Config; readonly warnings: string[] }
  | { readonly problems: readonly string[] };

interface Given {
  /** The flag or variable that said it, as a person would write it. */
  readonly source: string;
  readonly text: string;
}

type AllGiven = ReadonlyMap<string, Given>;

/** A flag beats the environment; an empty variable counts as unset. */
function gather(values: ReadonlyMap<string, string>, env: Surroundings['env']): AllGiven {
  const given = new Map<string, Given>();
  for (const { field, flag, env: names } of options) {
    const written = flag === null ? undefined : values.get(flag);
    const name = names.find((candidate) => (env[candidate] ?? '').trim() !== '');
    if (written !== undefined) given.set(field, { source: `--${flag}`, text: written });
    else if (name !== undefined) {
      given.set(field, { source: name, text: (env[name] ?? '').trim() });
    }
  }
  return given;
}

/** The per-user data directory's file, where each system keeps such things. */
function defaultDatabase({ platform, home, env }: Surroundings): string {
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

function ineffective(given: AllGiven): string[] {
  const remote = given.get('baseUrl');
  return options
    .filter(({ mode }) => mode === (remote === undefined ? 'remote' : 'embedded'))
    .flatMap(({ field }) => given.get(field)?.source ?? [])
    .map((source) =>
      remote === undefined
        ? `${source} has no effect without ASSISTANTS_BASE_URL.`
        : `${source} has no effect while ${remote.source} names a server.`,
    );
}

/** Reads flags, environment and defaults, in this order of precedence. */
export function readConfig(surroundings: Surroundings): Reading {
  const { command, values, problems } = readArguments(surroundings.argv, flags);
  if (command === 'help' || command === 'version') return { command };
  const given = gather(values, surroundings.env);
  const texts = [...given].map(([field, { text }]) => [field, text]);
  const parsed = settings.safeParse({
    database: defaultDatabase(surroundings),
    ...Object.fromEntries(texts),
  });
  const wrong = (parsed.error?.issues ?? []).map(
    ({ path, message }) => `${given.get(String(path[0]))?.source} ${message}`,
  );
  if (!parsed.success || problems.length > 0) return { problems: [...problems, ...wrong] };
  const database = expandHome(parsed.data.database, surroundings.home);
  return { command, config: { ...parsed.data, database }, warnings: ineffective(given) };
}
