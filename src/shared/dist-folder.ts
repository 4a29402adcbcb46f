import { join } from 'node:path';

/** The folder of the built program, also where the program is run from its sources. */
export const distFolder = import.meta.dirname.endsWith('shared')
  ? join(import.meta.dirname, '../../dist')
  : import.meta.dirname;
