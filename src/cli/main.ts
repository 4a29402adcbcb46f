import manifest from '../../package.json' with { type: 'json' };
import { readConfig } from '../config/config.ts';
import { commandHelpText, helpText } from '../config/help.ts';
import { commands } from './commands/index.ts';
import type { Host } from './host.ts';
import { print } from './terminal.ts';

/** Runs the command that the command line names; resolves to the exit code. */
export async function main(host: Host): Promise<number> {
  const parsed = readConfig(host, commands);
  switch (parsed.action) {
    case 'version':
      print(host.stdout, `${manifest.version}\n`);
      return 0;
    case 'help':
      print(
        host.stdout,
        parsed.command === undefined
          ? helpText(manifest.version, commands)
          : commandHelpText(parsed.command),
      );
      return 0;
    case 'fail':
      print(host.stderr, parsed.problems.map((problem) => `${problem}\n`).join(''));
      if (parsed.command.isDefault === true) {
        await Promise.race([host.refuseClient(parsed.problems.join(' ')), host.interrupted]);
      }
      return 2;
    case 'run':
      return parsed.command.run(host, parsed);
  }
}
