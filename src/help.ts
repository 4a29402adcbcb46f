import { type About, options } from './options.ts';

const column = 34;

const inCode = (text: string): string => text.replaceAll('`', '');

function optionLines({ flag, env, value, help, fallback, secret }: About): string {
  const name = flag === null ? env[0] : `--${flag}${value === null ? '' : ` ${value}`}`;
  const also = (flag === null ? env.slice(1) : env).map((variable) => `or ${variable}`);
  const facts = [
    ...also,
    ...(secret === true ? ['environment only'] : [`default: ${inCode(fallback)}`]),
  ];
  const indent = ' '.repeat(column);
  return `  ${name.padEnd(column - 2)}${inCode(help)}\n${indent}(${facts.join('; ')})`;
}

/** What `--help` prints. */
export const helpText = (version: string): string => `assistants-mcp ${version}
Threads and runs of the Assistants API as MCP tools.

Usage:
  assistants-mcp [options]          speak MCP over stdio; an MCP host starts this
  assistants-mcp demo [options]     show the main job, told to a person
  assistants-mcp help               print this

Options, as a flag or in the environment; the flag wins:
${Object.values<About>(options)
  .map((option) => optionLines(option))
  .join('\n')}
  ${'-h, --help'.padEnd(column - 2)}print this
  ${'-v, --version'.padEnd(column - 2)}print the version
`;
