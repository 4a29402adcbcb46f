import type { Option } from './option.ts';
import { fileSize, oneOf } from './option-values.ts';

const fileKeepers = ['auto', 'endpoint', 'local'] as const;

export const files: Option<(typeof fileKeepers)[number]> = {
  flag: 'files',
  env: ['ASSISTANTS_FILES'],
  value: 'WHERE',
  help: 'Who keeps files and vector stores: `endpoint` (the model endpoint), `local` (the database) or `auto` (the model endpoint if it has both, else the database)',
  defaultText: '`auto`',
  mode: 'embedded',
  choices: fileKeepers,
  parse: oneOf(fileKeepers),
  default: 'auto',
};

export const maxFile: Option<number> = {
  flag: 'max-file',
  env: ['ASSISTANTS_MAX_FILE'],
  value: 'SIZE',
  help: 'Largest file that the database takes in one request; through `/v1/uploads`, files can be 16 times as large',
  defaultText: '`512MiB`',
  mode: 'embedded',
  parse: fileSize,
  default: 512 * 2 ** 20,
};

export const maxFileStorage: Option<number> = {
  flag: 'max-file-storage',
  env: ['ASSISTANTS_MAX_FILE_STORAGE'],
  value: 'SIZE',
  help: 'Size of all files in the database together, above which it takes no more',
  defaultText: '`100GiB`',
  mode: 'embedded',
  parse: fileSize,
  default: 100 * 2 ** 30,
};
