import { parseArgs } from 'node:util';
import { nearestWord } from './nearest-word.ts';
import { givenText } from './option-values.ts';

/** What the command line needs to know about a command. */
export interface CommandSyntax {
  /** Its first word on the command line, unless it is the default. */
  readonly name: string;
  /** Runs when the command line names no command; it cannot be named. */
  readonly isDefault?: true;
  /** How many positional arguments it takes; absent: none. */
  readonly maxPositionals?: number;
}

export type FlagKind = 'string' | 'boolean';

/** The parts of a command line, before the values of its flags are parsed. */
export interface Arguments<Command> {
  readonly action: 'run' | 'help' | 'version';
  /** Undefined when the command line names none, or an unknown one. */
  readonly command: Command | undefined;
  /** Flag without its dashes → value as written; the last one wins. */
  readonly values: ReadonlyMap<string, string>;
  /** The words after the command. */
  readonly positionals: readonly string[];
  /** One sentence each. */
  readonly problems: readonly string[];
}

interface Word {
  readonly text: string;
  /** Follows an unknown flag, whose value it may be. */
  readonly mayBeValue: boolean;
}

const switches = {
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const;

const didYouMean = (suggestion: string | null): string =>
  suggestion === null ? '' : ` Did you mean '${suggestion}'?`;

function unknownFlagProblem(written: string, flags: readonly string[]): string {
  const name = written.replace(/=.*$/su, '');
  const nearest = nearestWord(name, flags);
  return `Unknown option '${name}'.${didYouMean(nearest === null ? null : `--${nearest}`)}`;
}

function unknownCommandProblem(word: string, names: readonly string[]): string {
  const listed = `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
  return `Unknown command '${word}'.${didYouMean(nearestWord(word, names))} The commands are ${listed}.`;
}

function lacksValue(value: string | undefined, isInline: boolean | undefined): boolean {
  const isNextFlag = isInline === false && /^-./su.test(value ?? '');
  return givenText(value ?? '') === '' || isNextFlag;
}

/** Reads flags and words; each flag that is unknown or lacks its value is a problem. */
function readTokens(argv: readonly string[], flags: ReadonlyMap<string, FlagKind>) {
  const known = Object.fromEntries([...flags].map(([flag, type]) => [flag, { type }]));
  const options = { ...known, ...switches };
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, tokens: true });
  const words: Word[] = [];
  const enabledSwitches = new Set<string>();
  const values = new Map<string, string>();
  const problems = new Set<string>();
  let unknownFlagIndex = -Infinity;
  for (const token of tokens) {
    // Some hosts pass on an argument that is left empty.
    if (token.kind === 'positional' && token.value.trim() !== '') {
      words.push({ text: token.value, mayBeValue: token.index === unknownFlagIndex + 1 });
    }
    if (token.kind !== 'option') continue;
    const kind = flags.get(token.name);
    if (Object.hasOwn(switches, token.name)) enabledSwitches.add(token.name);
    else if (kind === undefined) {
      // Node splits `-port` into one-letter flags: name what was written.
      problems.add(unknownFlagProblem(argv[token.index] ?? token.rawName, [...flags.keys()]));
      if (token.value === undefined) unknownFlagIndex = token.index;
    } else if (kind === 'string' && lacksValue(token.value, token.inlineValue)) {
      problems.add(`${token.rawName} needs a value.`);
    } else values.set(token.name, token.value ?? 'true');
  }
  return { words, enabledSwitches, values, problems: [...problems] };
}

/** Parses a command line, and reports all its problems together. */
export function parseArguments<Command extends CommandSyntax>(
  argv: readonly string[],
  flags: ReadonlyMap<string, FlagKind>,
  commands: readonly Command[],
): Arguments<Command> {
  const { words, enabledSwitches, values, problems } = readTokens(argv, flags);
  const named = commands.filter(({ isDefault }) => isDefault !== true);
  const names = [...named.map(({ name }) => name), 'help'];
  const certain = words.filter(({ text, mayBeValue }) => !mayBeValue || names.includes(text));
  const isHelpWord = certain[0]?.text === 'help';
  const commandWord = isHelpWord ? certain[1] : certain[0];
  const command = named.find(({ name }) => name === commandWord?.text);
  const positionals = words.filter((word) => word !== commandWord);
  const unexpected = positionals
    .filter((word) => certain.includes(word))
    .slice(command?.maxPositionals ?? 0);
  const isUnknown = commandWord !== undefined && command === undefined;
  return {
    action: actionOf(isHelpWord, enabledSwitches),
    command,
    values,
    positionals: positionals.map(({ text }) => text),
    problems: [
      ...(isUnknown ? [unknownCommandProblem(commandWord.text, names)] : []),
      ...unexpected.map(({ text }) => `Unexpected argument '${text}'.`),
      ...problems,
    ],
  };
}

function actionOf(isHelpWord: boolean, enabledSwitches: ReadonlySet<string>) {
  if (isHelpWord || enabledSwitches.has('help')) return 'help';
  return enabledSwitches.has('version') ? 'version' : 'run';
}
