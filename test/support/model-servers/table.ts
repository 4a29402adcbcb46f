import { table } from '../generated-docs.ts';
import { modelServers } from './index.ts';
import { formatOf } from './refusals.ts';
import { openTrial } from './trial.ts';

const apiNames = { responses: 'Responses', chat: 'Chat Completions' } as const;

const formatNames = new Map<unknown, string>([
  ['json_schema', 'as a schema'],
  ['json_object', 'as JSON mode, schema in the instructions'],
]);

/** What `auto` does at one server, as its fake shows it. */
async function row(create: (typeof modelServers)[number]): Promise<string[]> {
  const server = create();
  const { run } = await openTrial(server);
  const { requests: plain } = await run({}, 'Snow.');
  const { requests, ended } = await run();
  const last = requests.at(-1);
  const omitted: unknown = Reflect.get(ended, 'omitted_parameters');
  const names = Array.isArray(omitted) ? omitted.map((name) => `\`${String(name)}\``) : [];
  return [
    server.name,
    apiNames[plain.at(-1)?.api ?? 'chat'],
    apiNames[last?.api ?? 'chat'],
    formatNames.get(formatOf(last?.body ?? {})) ?? 'as words in the instructions',
    names.length === 0 ? 'nothing' : names.join(', '),
  ];
}

/** The table of docs/models.md. Only for use in a test. */
export async function serverTable(): Promise<string> {
  const rows: string[][] = [];
  for (const create of modelServers) rows.push(await row(create));
  const head = [
    'Server',
    'Runs use',
    'Runs with a JSON format use',
    'A JSON Schema is sent',
    'Left out or weakened',
  ];
  return table(head, rows);
}
