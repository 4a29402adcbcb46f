import { fill, table } from '../test/support/generated-docs.ts';
import type { Program, Trial } from './program.ts';

const head = ['Program', 'Version', 'What it does', '`--model-api`', 'Passes'];

/** All cells of a program's row but the last, which says whether it passes. */
export function describeProgram(program: Program): string[] {
  const { name, version, does, modelApi = 'auto', options = [] } = program;
  const flags = options.length === 0 ? '' : `, \`${options.join(' ')}\``;
  const what = does.charAt(0).toUpperCase() + does.slice(1);
  return [`\`${name}\``, version, what, `\`${modelApi}\`${flags}`];
}

const cellsOf = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

/** The rows of a table that stands between markers, whose first cells are code. */
export function readRows(page: string, marker = 'programs'): string[][] {
  const [, text = ''] = page.split(`<!-- ${marker} -->`);
  const [inside = ''] = text.split(`<!-- /${marker} -->`);
  const lines = inside.split('\n').filter((line) => line.startsWith('| `'));
  return lines.map((line) => cellsOf(line));
}

/** Cells as the key of a map. */
export const keyOf = (cells: readonly string[]): string => JSON.stringify(cells);

/** What the table says of a trial. */
export const resultOf = ({ failure }: Pick<Trial, 'failure'>): string =>
  failure === null ? 'yes' : `no: ${failure}`;

/** docs/clients.md after these trials; the rows of other programs keep what they say. */
export function updatePage(
  page: string,
  programs: readonly Program[],
  trials: readonly Trial[],
): string {
  const results = new Map([
    ...readRows(page).map((cells) => [keyOf(cells.slice(0, -1)), cells.at(-1) ?? ''] as const),
    ...trials.map((trial) => [keyOf(describeProgram(trial.program)), resultOf(trial)] as const),
  ]);
  const rows = programs.map((program) => {
    const cells = describeProgram(program);
    return [...cells, results.get(keyOf(cells)) ?? 'not tried'];
  });
  return fill(page, 'programs', table(head, rows));
}
