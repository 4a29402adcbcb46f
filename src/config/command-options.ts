import { type Option, InvalidOption, boolean } from './option.ts';

function idList(text: string): readonly string[] {
  const ids = text.split(',').map((id) => id.trim());
  if (ids.every((id) => id !== '')) return ids;
  throw new InvalidOption('must be thread ids with commas between them.');
}

export const replace: Option<boolean> = {
  flag: 'replace',
  env: [],
  value: null,
  help: 'Let an object take the place of the one with its id, instead of refusing the file',
  defaultText: '`false`',
  mode: 'embedded',
  command: 'import',
  parse: boolean,
  default: false,
};

export const threads: Option<readonly string[] | null> = {
  flag: 'threads',
  env: [],
  value: 'IDS',
  help: 'Export these threads and the assistants they ran, with commas between the ids',
  defaultText: 'everything',
  mode: 'embedded',
  command: 'export',
  parse: idList,
  default: null,
};

export const output: Option<string | null> = {
  flag: 'output',
  env: [],
  value: 'FILE',
  help: 'Write to this file, which is replaced once everything is written',
  defaultText: 'stdout',
  mode: 'embedded',
  command: 'export',
  parse: (text) => (text === '-' ? null : text),
  default: null,
};
