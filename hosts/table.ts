import { keyOf, readRows, resultOf } from '../revive/table.ts';
import { fill, table } from '../test/support/generated-docs.ts';
import { type Host, type Transport, transports, type Trial } from './host.ts';

const head = ['Host', 'Version', 'Model', 'Main job over stdio', 'Main job over HTTP'];

/** The cells of a host's row that do not depend on trials. */
export const describeHost = ({ name, version, modelApi }: Host): string[] => [
  `\`${name}\``,
  version,
  modelApi ?? 'none',
];

const keyFor = (host: Host, transport: Transport): string =>
  keyOf([...describeHost(host), transport]);

/** What the table says now. */
const readResults = (page: string): [string, string][] =>
  readRows(page, 'hosts').flatMap((cells) =>
    transports.map((transport, index): [string, string] => [
      keyOf([...cells.slice(0, -2), transport]),
      cells.at(index - 2) ?? '',
    ]),
  );

/** docs/hosts.md after these trials; the cells of other trials keep what they say. */
export function updatePage(page: string, hosts: readonly Host[], trials: readonly Trial[]): string {
  const results = new Map([
    ...readResults(page),
    ...trials.map((trial) => [keyFor(trial.host, trial.transport), resultOf(trial)] as const),
  ]);
  const cellFor = (host: Host, transport: Transport): string => {
    if (host.transports?.includes(transport) === false) return 'does not apply';
    return results.get(keyFor(host, transport)) ?? 'not tried';
  };
  const rows = hosts.map((host) => [
    ...describeHost(host),
    ...transports.map((transport) => cellFor(host, transport)),
  ]);
  return fill(page, 'hosts', table(head, rows));
}
