import type { CommandInfo } from './config.ts';
import { type OptionInfo, required } from './option.ts';
import { sharedOptions } from './options.ts';

const maxWidth = 100;
/** Where the second column starts: of the usage lines, and of the options. */
const columns = { usage: 52, option: 28 };

const withoutBackticks = (markdown: string): string => markdown.replaceAll('`', '');

/** Breaks text at spaces; a longer word has a line of its own. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines;
}

/** A name, and beside it paragraphs in the second column; a name too long stands above them. */
function entry(name: string, paragraphs: readonly string[], column: number): string {
  const first = `  ${name}`;
  const lines = paragraphs.flatMap((paragraph) => wrap(paragraph, maxWidth - column));
  const indented = lines.map((line) => `${' '.repeat(column)}${line}`);
  if (first.length + 2 > column) return [first, ...indented].join('\n');
  return `${first}${indented.join('\n').slice(first.length)}`;
}

function optionEntry({ flag, env, value, help, defaultText, secret }: OptionInfo): string {
  const name = flag === null ? (env[0] ?? '') : `--${flag}${value === null ? '' : ` ${value}`}`;
  const aliases = (flag === null ? env.slice(1) : env).map((variable) => `or ${variable}`);
  const defaultValue =
    defaultText === required ? 'required' : `default: ${withoutBackticks(defaultText)}`;
  const details = [...aliases, ...(secret === true ? ['environment only'] : []), defaultValue];
  return entry(name, [withoutBackticks(help), `(${details.join('; ')})`], columns.option);
}

const optionSection = (title: string, options: CommandInfo['options']): string =>
  `${title}\n${Object.values(options).map(optionEntry).join('\n')}\n`;

const usageEntry = ({ usage, summary }: CommandInfo): string =>
  entry(`assistants-mcp ${usage}`.trimEnd(), [summary], columns.usage);

const helpSummary = 'Print this help, or that of a command';
const helpFlag = entry('-h, --help', [helpSummary], columns.option);
const versionFlag = entry('-v, --version', ['Print the version'], columns.option);
const helpUsage = entry('assistants-mcp help [COMMAND]', [helpSummary], columns.usage);

/** What `--help` prints. */
export function helpText(version: string, commands: readonly CommandInfo[]): string {
  const sections = commands
    .filter(({ options }) => Object.keys(options).length > 0)
    .map(({ name, options }) => `\n${optionSection(`Options of ${name}:`, options)}`);
  return `assistants-mcp ${version}
Threads and runs of the Assistants API, as MCP tools and as a REST endpoint.

Usage:
${commands.map(usageEntry).join('\n')}
${helpUsage}

${optionSection('Options of all commands (flags override environment variables):', sharedOptions)}${helpFlag}
${versionFlag}
${sections.join('')}`;
}

/** What `<command> --help` prints. */
export function commandHelpText({ usage, summary, options }: CommandInfo): string {
  const own = Object.keys(options).length > 0 ? `${optionSection('Options:', options)}\n` : '';
  return `Usage: assistants-mcp ${usage}

${summary}.

${own}For the options of all commands, such as --log-level, see \`assistants-mcp --help\`.
`;
}
