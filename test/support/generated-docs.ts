import manifest from '../../package.json' with { type: 'json' };
import { commands } from '../../src/cli/commands/index.ts';
import type { Option, OptionInfo } from '../../src/config/option.ts';
import { sharedOptions } from '../../src/config/options.ts';
import { allTools } from '../../src/tools/registry.ts';

type Row = readonly string[];

/** A Markdown table, its columns as wide as their widest cell. */
export function table(head: Row, rows: readonly Row[]): string {
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => (row[column] ?? '').length)),
  );
  const line = (row: Row) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = widths.map((width) => '-'.repeat(width));
  return [line(head), line(rule), ...rows.map((row) => line(row))].join('\n');
}

const code = (text: string): string => `\`${text}\``;

/** The first sentence of a tool's description, without the shapes of ids. */
const summary = (description: string): string =>
  (description.split('. ')[0] ?? '').replaceAll(/ \([a-z]+[_-]…\)/gu, '').replace(/\.$/u, '');

const hint = { read: 'read-only', create: '', modify: '', delete: 'destructive' } as const;

/** The table of docs/tools.md. */
export const toolTable = (): string =>
  table(
    ['Toolset', 'Tool', 'What it does', 'Hint'],
    allTools.map(({ toolset, name, description, effect }) => [
      code(toolset),
      code(name),
      summary(description),
      hint[effect],
    ]),
  );

const optionRow = ({ env, flag, value, help, defaultText }: OptionInfo): Row => [
  env.map((name) => code(name)).join(', else '),
  flag === null ? '' : code(`--${flag}${value === null ? '' : ` ${value}`}`),
  help,
  defaultText,
];

const optionTable = (options: Readonly<Record<string, OptionInfo>>): string =>
  table(
    ['Environment variable', 'Flag', 'Meaning', 'Default'],
    Object.values(options).map((option) => optionRow(option)),
  );

/** The sections of docs/options.md: all commands, then each command with options of its own. */
export const optionSections = (): string =>
  [{ name: 'All commands', options: sharedOptions }, ...commands]
    .filter(({ options }) => Object.keys(options).length > 0)
    .map(({ name, options }) => `## ${name}\n\n${optionTable(options)}`)
    .join('\n\n');

/** Replaces what stands between `<!-- name -->` and `<!-- /name -->`. */
export function fill(text: string, name: string, block: string): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [beginIndex, endIndex] = [text.indexOf(begin), text.indexOf(end)];
  if (beginIndex < 0 || endIndex < beginIndex) throw new Error(`no markers for ${name}`);
  return `${text.slice(0, beginIndex + begin.length)}\n\n${block}\n\n${text.slice(endIndex)}`;
}

/** The password of a PostgreSQL database is part of its URL. */
const isSecret = ({ env, secret }: OptionInfo): boolean =>
  secret === true || env.includes('ASSISTANTS_DATABASE');

function formatOf({ value, ...option }: Option<unknown>): string {
  if (typeof option.default === 'boolean') return 'boolean';
  return value === 'SECONDS' || value === 'COUNT' ? 'number' : 'string';
}

const variables = (option: Option<unknown>) =>
  option.env.map((name) => ({
    name,
    description: `${option.help.replaceAll('`', '')}.`,
    isRequired: false,
    isSecret: isSecret(option),
    format: formatOf(option),
    ...(option.choices !== undefined && { choices: option.choices }),
    ...(/^(?:string|number|boolean)$/u.test(typeof option.default) && {
      default: String(option.default),
    }),
  }));

/** The entry for the MCP registry, in the schema of 2025-12-11. */
export const serverEntry = () => ({
  $schema: 'https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json',
  name: manifest.mcpName,
  title: 'Assistants',
  description: manifest.description,
  version: manifest.version,
  packages: [
    {
      registryType: 'npm',
      identifier: manifest.name,
      version: manifest.version,
      transport: { type: 'stdio' },
      environmentVariables: Object.values(sharedOptions).flatMap((option) => variables(option)),
    },
  ],
});
