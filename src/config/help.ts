import type { Command } from './arguments.ts';
import type { OptionInfo } from './option.ts';
import { options } from './options.ts';

const column = 34;

const inCode = (text: string): string => text.replaceAll('`', '');

function optionLines({
  flag,
  env,
  value,
  help,
  defaultText: fallback,
  secret,
}: OptionInfo): string {
  const name = flag === null ? (env[0] ?? '') : `--${flag}${value === null ? '' : ` ${value}`}`;
  const also = (flag === null ? env.slice(1) : env).map((variable) => `or ${variable}`);
  const facts = [
    ...also,
    ...(secret === true ? ['environment only'] : [`default: ${inCode(fallback)}`]),
  ];
  const indent = ' '.repeat(column);
  return `  ${name.padEnd(column - 2)}${inCode(help)}\n${indent}(${facts.join('; ')})`;
}

const optionsOf = (command: Command | undefined): string =>
  Object.values<OptionInfo>(options)
    .filter(({ command: only }) => only === command)
    .map((option) => optionLines(option))
    .join('\n');

/** What `--help` prints. */
export const helpText = (version: string): string => `assistants-mcp ${version}
Threads and runs of the Assistants API, as MCP tools and as a REST endpoint.

Usage:
  assistants-mcp [options]          speak MCP over stdio; an MCP host starts this
  assistants-mcp serve [options]    the API at /v1 and MCP at /mcp, over HTTP
  assistants-mcp import FILE…       bring in what the API once answered, as JSON or JSON Lines
  assistants-mcp export             write everything as JSON Lines, for import
  assistants-mcp prune              remove threads that nobody has used for long
  assistants-mcp demo [options]     show the main job, told to a person
  assistants-mcp help               print this

Options, as a flag or in the environment; the flag wins:
${optionsOf(undefined)}
  ${'-h, --help'.padEnd(column - 2)}print this
  ${'-v, --version'.padEnd(column - 2)}print the version

Options of serve:
${optionsOf('serve')}

Options of import:
${optionsOf('import')}

Options of export:
${optionsOf('export')}

Options of prune:
${optionsOf('prune')}
`;
