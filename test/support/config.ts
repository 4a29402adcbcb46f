import { commands } from '../../src/cli/commands/index.ts';
import { type Config, readConfig } from '../../src/config/config.ts';

/** How the program is started, by the user `ada`. */
interface Start {
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly platform?: string;
  readonly home?: string;
}

/** The parsed command line, with the command's name in place of the command. */
export function read({ argv = [], env = {}, platform = 'linux', home = '/home/ada' }: Start = {}) {
  const parsed = readConfig({ argv, env, platform, home }, commands);
  return 'command' in parsed ? { ...parsed, command: parsed.command?.name } : parsed;
}

/** The configuration; throws if there are problems. */
export function configOf(start?: Start): Config {
  const parsed = read(start);
  if (parsed.action !== 'run') throw new Error(JSON.stringify(parsed));
  return parsed.config;
}

export function problemsOf(start: Start): readonly string[] {
  const parsed = read(start);
  return parsed.action === 'fail' ? parsed.problems : [];
}
