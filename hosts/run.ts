// Installs MCP hosts, unmodified, and lets each of them do the same job with the built program, over
// stdio and over HTTP. Writes their rows of the table in docs/hosts.md. Exits with 1 if one fails.
// Options: --quick (the hosts that install fast), or names of hosts.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Host, transports, type Trial } from './host.ts';
import { hosts } from './hosts.ts';
import { updatePage } from './table.ts';
import { tryHost } from './trial.ts';

const page = 'docs/hosts.md';

const { values, positionals: names } = parseArgs({
  options: { quick: { type: 'boolean', default: false } },
  allowPositionals: true,
});

const isWanted = ({ name, isQuick = false }: Host): boolean =>
  names.length === 0 ? !values.quick || isQuick : names.includes(name);

const trials: Trial[] = [];
for (const host of hosts.filter((one) => isWanted(one))) {
  for (const transport of host.transports ?? transports) {
    const startedAt = performance.now();
    const trial = await tryHost(host, transport);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    const result = trial.failure === null ? 'pass' : `FAIL: ${trial.failure}`;
    console.log(`${host.name}@${host.version}, ${transport}, ${seconds} s: ${result}`);
    trials.push(trial);
    // At once: all hosts together take long.
    writeFileSync(page, updatePage(readFileSync(page, 'utf8'), hosts, [trial]));
  }
}

const failed = trials.filter(({ failure }) => failure !== null).length;
console.log(`${trials.length - failed} passed, ${failed} failed`);
if (failed > 0 || trials.length === 0) process.exitCode = 1;
