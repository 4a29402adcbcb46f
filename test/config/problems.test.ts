import { expect, test } from 'vitest';
import { problemsOf } from '../support/config.ts';

test.each<[string[], string]>([
  [
    ['swerve'],
    "Unknown command 'swerve'; the commands are serve, import, export, prune, demo and help.",
  ],
  [['import'], "import needs a FILE, or '-' for stdin."],
  [['export', 'all.jsonl'], "Unexpected argument 'all.jsonl'."],
  [['export', '--threads', 'a,,b'], '--threads must be thread ids with commas between them.'],
  [['export', '--replace'], '--replace has no effect without import.'],
  [['import', 'a', '--output', 'b'], '--output has no effect without export.'],
  [['--port', '80'], '--port has no effect without serve.'],
  [['demo', '--host', '::'], '--host has no effect without serve.'],
  [['serve', '--port', '65536'], "--port must be a whole number from 0 to 65535, not '65536'."],
  [
    ['serve', '--allowed-hosts', 'a,b/c'],
    "--allowed-hosts must be host names or addresses, and 'b/c' is none.",
  ],
  [
    ['serve', '--allowed-origins', '*'],
    "--allowed-origins must be origins such as https://app.example, and '*' is none.",
  ],
  [['demo', 'twice'], "Unexpected argument 'twice'."],
  [['--bogus'], "Unknown option '--bogus'."],
  [['-x'], "Unknown option '-x'."],
  [['--constructor'], "Unknown option '--constructor'."],
  [['--model'], '--model needs a value.'],
  [['--model='], '--model needs a value.'],
  [['--database', ' '], '--database needs a value.'],
  [['--model', '--read-only'], '--model needs a value.'],
  [
    ['--model-api', 'claude'],
    "--model-api must be auto, responses, chat or scripted, not 'claude'.",
  ],
  [
    ['--model-map', ','],
    '--model-map must be names such as gpt-4=gpt-4.1, with commas between them.',
  ],
  [
    ['--database', 'mysql://ada:secret@host/a'],
    '--database must be a file, :memory: or a postgres:// URL, not mysql://.',
  ],
  [['--run-lifetime', '0'], "--run-lifetime must be a whole number from 1 to 86400, not '0'."],
  [['--concurrency', '1e9'], "--concurrency must be a whole number from 1 to 1000, not '1e9'."],
  [['--base-url', 'ftp://host'], '--base-url must be a URL that begins with https:// or http://.'],
  [['--base-url', 'host/v1'], '--base-url must be a URL that begins with https:// or http://.'],
  [
    ['--base-url', 'https://ada:secret@host/v1'],
    '--base-url must be a URL without query, fragment, user name or password.',
  ],
  [
    ['--base-url', 'https://host/v1?api-version=1'],
    '--base-url must be a URL without query, fragment, user name or password.',
  ],
  [
    ['--toolsets', 'runs,stores'],
    "--toolsets must be 'all' or some of runs,run_steps,message_files,messages,threads,assistants,files; 'stores' is none of them.",
  ],
  [
    ['--toolsets', ','],
    "--toolsets must be 'all' or some of runs,run_steps,message_files,messages,threads,assistants,files.",
  ],
  [['--read-only=maybe'], "--read-only must be true or false, not 'maybe'."],
  [['--tool-names', 'short'], "--tool-names must be default or capability, not 'short'."],
  [['demo', '--database', 'a.db'], '--database has no effect on the demo.'],
  [['demo', '--read-only'], '--read-only has no effect on the demo.'],
  [['--log-level', 'loud'], "--log-level must be error, warn, info or debug, not 'loud'."],
])('%j is refused: %s', (argv, sentence) => {
  expect(problemsOf({ argv })).toEqual([sentence]);
});

test('every bad entry of a map has a sentence of its own', () => {
  const list = 'gpt-4=gpt-4.1,gpt-4o,=a b= c=d=e,gpt-4=gpt-5';
  const wanted = '--model-map must be names such as gpt-4=gpt-4.1, with commas between them';
  expect(problemsOf({ argv: ['--model-map', list] })).toEqual([
    ...['gpt-4o', '=a', 'b=', 'c=d=e'].map((entry) => `${wanted}, and '${entry}' is none.`),
    "--model-map may name 'gpt-4' only once.",
  ]);
});

test('all problems are reported at once, each under the name that was used', () => {
  const env = { ASSISTANTS_LOG_LEVEL: 'loud', OPENAI_BASE_URL: 'nowhere' };
  expect(problemsOf({ argv: ['--bogus', '--concurrency', 'many'], env })).toEqual([
    "Unknown option '--bogus'.",
    'OPENAI_BASE_URL must be a URL that begins with https:// or http://.',
    "--concurrency must be a whole number from 1 to 1000, not 'many'.",
    "ASSISTANTS_LOG_LEVEL must be error, warn, info or debug, not 'loud'.",
  ]);
});

test.each(['sk-abc…xyz', 'sk-a\nsk-b'])('the key %j could not be sent', (OPENAI_API_KEY) => {
  expect(problemsOf({ env: { OPENAI_API_KEY } })).toEqual([
    'OPENAI_API_KEY must be one line of ASCII characters.',
  ]);
});

test.each(['import', 'export'])('%s has no remote mode', (command) => {
  const argv = command === 'import' ? ['import', 'a.jsonl'] : ['export'];
  expect(problemsOf({ argv, env: { ASSISTANTS_BASE_URL: 'http://127.0.0.1/v1' } })).toEqual([
    `${command} works on a database of this machine: take ASSISTANTS_BASE_URL away.`,
  ]);
});

test('serve has no remote mode', () => {
  const env = { ASSISTANTS_BASE_URL: 'https://host.example' };
  expect(problemsOf({ argv: ['serve'], env })).toEqual([
    'serve answers from the engine in this process: take ASSISTANTS_BASE_URL away.',
  ]);
});

test.each(['linux', 'darwin', 'win32'])(
  'without a home on %s a database has a name',
  (platform) => {
    const none = { platform, home: '' };
    const sentence =
      'There is no home directory to keep the database in: name a file with --database.';
    expect(problemsOf(none)).toEqual([sentence]);
    expect(problemsOf({ ...none, argv: ['export'] })).toEqual([sentence]);
    expect(problemsOf({ ...none, argv: ['--database', 'a.db'] })).toEqual([]);
    expect(problemsOf({ ...none, argv: ['--base-url', 'http://127.0.0.1/v1'] })).toEqual([]);
    expect(problemsOf({ ...none, argv: ['demo'] })).toEqual([]);
  },
);
