import { readConfig } from '../../src/config/config.ts';

/** How the program is started, by the user `ada`. */
interface Start {
  readonly argv?: readonly string[];
  readonly env?: Record<string, string>;
  readonly platform?: string;
  readonly home?: string;
}

/** What comes of it. */
export const read = ({ argv = [], env = {}, platform = 'linux', home = '/home/ada' }: Start = {}) =>
  readConfig({ argv, env, platform, home });

/** Every setting; throws where there are problems. */
export function configOf(start?: Start) {
  const reading = read(start);
  if (!('config' in reading)) throw new Error(JSON.stringify(reading));
  return reading.config;
}

export const problemsOf = (start: Start) => {
  const reading = read(start);
  return 'problems' in reading ? reading.problems : [];
};
