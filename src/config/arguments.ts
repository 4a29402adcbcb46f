import { parseArgs } from 'node:util';

/** What can be asked for by name. */
const commands = ['serve', 'import', 'export', 'prune', 'demo', 'help'] as const;

export type Command = 'stdio' | 'version' | (typeof commands)[number];
export type FlagKind = 'string' | 'boolean';

/** The command line, taken apart; the values are not judged yet. */
export interface Arguments {
  readonly command: Command;
  /** Flag without its dashes → value as written; of several the last counts. */
  readonly values: ReadonlyMap<string, string>;
  /** What `import` is to read. */
  readonly files: readonly string[];
  /** One sentence each. */
  readonly problems: readonly string[];
}

const switches = {
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const;

interface Token {
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

function flagProblem(token: Token, kind: FlagKind | undefined): string | null {
  if (kind === undefined) return `Unknown option '${token.rawName}'.`;
  const isMissing = (token.value ?? '').trim() === '';
  const isNextFlag = token.inlineValue === false && /^-./su.test(token.value ?? '');
  return kind === 'string' && (isMissing || isNextFlag) ? `${token.rawName} needs a value.` : null;
}

const noFile = "import needs a FILE, or '-' for stdin.";

const findCommand = (word: string | undefined) => commands.find((command) => command === word);

function positionalProblems([command, ...rest]: readonly string[]): string[] {
  const known = command === undefined || findCommand(command) !== undefined;
  const listed = `${commands.slice(0, -1).join(', ')} and ${commands.at(-1)}`;
  return [
    ...(known ? [] : [`Unknown command '${command}'; the commands are ${listed}.`]),
    ...(command === 'import' ? [] : rest.map((word) => `Unexpected argument '${word}'.`)),
    ...(command === 'import' && rest.length === 0 ? [noFile] : []),
  ];
}

function commandOf(words: readonly string[], asked: ReadonlySet<string>): Command {
  if (asked.has('help') || words[0] === 'help') return 'help';
  if (asked.has('version')) return 'version';
  return findCommand(words[0]) ?? 'stdio';
}

/** Reads a command line that may hold `flags`, and reports all that is wrong with it at once. */
export function parseArguments(
  argv: readonly string[],
  flags: ReadonlyMap<string, FlagKind>,
): Arguments {
  const known = Object.fromEntries([...flags].map(([flag, type]) => [flag, { type }]));
  const { tokens } = parseArgs({
    args: [...argv],
    options: { ...known, ...switches },
    strict: false,
    tokens: true,
  });
  const words: string[] = [];
  const asked = new Set<string>();
  const values = new Map<string, string>();
  const problems: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const isSwitch = Object.hasOwn(switches, token.name);
    const problem = isSwitch ? null : flagProblem(token, flags.get(token.name));
    if (problem !== null) problems.push(problem);
    else if (isSwitch) asked.add(token.name);
    else values.set(token.name, token.value ?? 'true');
  }
  return {
    command: commandOf(words, asked),
    values,
    files: words.slice(1),
    problems: [...positionalProblems(words), ...problems],
  };
}
