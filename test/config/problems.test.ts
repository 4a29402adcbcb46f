import { expect, test } from 'vitest';
import { problemsOf } from '../support/config.ts';

test.each<[string[], string]>([
  [
    ['swerve'],
    "Unknown command 'swerve'. Did you mean 'serve'? The commands are serve, import, export, backup, prune, demo and help.",
  ],
  [['import'], "import needs a FILE, '-' for stdin, or --from URL."],
  [['import', 'a', '--threads', 'thread_a'], '--threads has no effect on import without --from.'],
  [['import', 'a', '--from', 'http://h/v1'], 'import takes either FILEs or --from, not both.'],
  [
    ['import', '--from', 'http://h/v1', '--replace'],
    '--replace has no effect with --from, which keeps what is there.',
  ],
  [['import', '--from', 'h/v1'], '--from: must be a URL that starts with https:// or http://.'],
  [['export', '--from', 'http://h/v1'], '--from has no effect without the import command.'],
  [['export', 'all.jsonl'], "Unexpected argument 'all.jsonl'."],
  [['export', '--threads', 'a,,b'], '--threads: must be thread ids separated by commas.'],
  [['export', '--replace'], '--replace has no effect without the import command.'],
  [['import', 'a', '--output', 'b'], '--output has no effect without the export command.'],
  [['--port', '80'], '--port has no effect without the serve command.'],
  [['demo', '--host', '::'], '--host has no effect without the serve command.'],
  [['serve', '--port', '65536'], "--port: '65536' is not a whole number from 0 to 65535."],
  [
    ['serve', '--allowed-hosts', 'a,b/c'],
    "--allowed-hosts: 'b/c' is not a host name or IP address.",
  ],
  [
    ['serve', '--allowed-origins', '*'],
    "--allowed-origins: '*' is not an origin such as https://app.example.",
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
    "--model-api: 'claude' is not one of auto, responses, chat, scripted.",
  ],
  [['--model-map', ','], '--model-map: must be pairs such as gpt-4=gpt-4.1,gpt-4o=gpt-5.4.'],
  [
    ['--database', 'mysql://ada:secret@host/a'],
    '--database: must be a file, :memory: or a postgres:// URL, not mysql://.',
  ],
  [['--database', 'file:a.db'], '--database: must be the path of a file, not a file: URL.'],
  [
    ['--database', 'File:///a.db?mode=rwc'],
    '--database: must be the path of a file, not a file: URL.',
  ],
  [['backup'], 'backup needs a FILE to write.'],
  [['backup', '-'], 'backup cannot write to stdout; name a file.'],
  [['backup', 'a.db', 'b.db'], "Unexpected argument 'b.db'."],
  [
    ['backup', 'a.db', '--database', 'postgres://ada@host/a'],
    'backup copies SQLite databases only; use pg_dump for PostgreSQL.',
  ],
  [['--run-lifetime', '0'], "--run-lifetime: '0' is not a whole number from 1 to 86400."],
  [['--concurrency', '1e9'], "--concurrency: '1e9' is not a whole number from 1 to 1000."],
  [['--base-url', 'ftp://host'], '--base-url: must be a URL that starts with https:// or http://.'],
  [['--base-url', 'host/v1'], '--base-url: must be a URL that starts with https:// or http://.'],
  [
    ['--base-url', 'https://ada:secret@host/v1'],
    '--base-url: must be a URL without a query, fragment, user name or password.',
  ],
  [
    ['--base-url', 'https://host/v1?api-version=1'],
    '--base-url: must be a URL without a query, fragment, user name or password.',
  ],
  [
    ['--toolsets', 'runs,stores'],
    "--toolsets: 'stores' is not a toolset; use all, or some of runs,run_steps,message_files,messages,threads,assistants,files,vector_stores.",
  ],
  [
    ['--toolsets', ','],
    '--toolsets: must be all, or some of runs,run_steps,message_files,messages,threads,assistants,files,vector_stores.',
  ],
  [['--tools', 'list_run'], "--tools: 'list_run' is not a tool; did you mean list_runs?"],
  [['--tools', ','], '--tools: must be names of tools, such as create_run,get_run.'],
  [
    ['--exclude-tools', 'get-message-files'],
    "--exclude-tools: 'get-message-files' is not a tool; did you mean get_message_file or get_message?",
  ],
  [
    ['--tool-names', 'capability', '--tools', 'list_runs'],
    "--tools: 'list_runs' is not a tool; use some of openai-apis-create-thread-and,openai-apis-list-runs,openai-apis-create-run,openai-apis-retrieve-run,openai-apis-cancel-run,openai-apis-submit-tool-outputs,openai-returns-list-message-files,openai-retrieves-message-file.",
  ],
  [['--ask-person', ','], '--ask-person: must be names of functions, such as ask_user.'],
  [['--ask-person', 'a,b()'], "--ask-person: 'b()' is not the name of a function."],
  [['demo', '--tools', 'get_run'], '--tools has no effect on the demo command.'],
  [['--read-only=maybe'], "--read-only: 'maybe' is not true or false."],
  [['--tool-names', 'short'], "--tool-names: 'short' is not one of default, capability."],
  [['demo', '--database', 'a.db'], '--database has no effect on the demo command.'],
  [['demo', '--read-only'], '--read-only has no effect on the demo command.'],
  [['--log-level', 'loud'], "--log-level: 'loud' is not one of error, warn, info, debug."],
])('rejects %j: %s', (argv, sentence) => {
  expect(problemsOf({ argv })).toEqual([sentence]);
});

test('reports every invalid entry of a model map', () => {
  const list = 'gpt-4=gpt-4.1,gpt-4o,=a b= c=d=e,gpt-4=gpt-5';
  expect(problemsOf({ argv: ['--model-map', list] })).toEqual([
    ...['gpt-4o', '=a', 'b=', 'c=d=e'].map(
      (entry) => `--model-map: '${entry}' is not a pair such as gpt-4=gpt-4.1.`,
    ),
    "--model-map: 'gpt-4' appears more than once.",
  ]);
});

test('reports all problems at once, each under the flag or variable that was set', () => {
  const env = { ASSISTANTS_LOG_LEVEL: 'loud', OPENAI_BASE_URL: 'nowhere' };
  expect(problemsOf({ argv: ['--bogus', '--concurrency', 'many'], env })).toEqual([
    "Unknown option '--bogus'.",
    'OPENAI_BASE_URL: must be a URL that starts with https:// or http://.',
    "--concurrency: 'many' is not a whole number from 1 to 1000.",
    "ASSISTANTS_LOG_LEVEL: 'loud' is not one of error, warn, info, debug.",
  ]);
});

test.each(['sk-abc…xyz', 'sk-a\nsk-b'])(
  'rejects the API key %j, which an HTTP header cannot carry',
  (OPENAI_API_KEY) => {
    expect(problemsOf({ env: { OPENAI_API_KEY } })).toEqual([
      'OPENAI_API_KEY: must be one line of ASCII characters.',
    ]);
  },
);

test.each(['import', 'export'])('%s has no remote mode', (command) => {
  const argv = command === 'import' ? ['import', 'a.jsonl'] : ['export'];
  expect(problemsOf({ argv, env: { ASSISTANTS_BASE_URL: 'http://127.0.0.1/v1' } })).toEqual([
    `${command} cannot be used with ASSISTANTS_BASE_URL; unset it.`,
  ]);
});

test('serve has no remote mode', () => {
  const env = { ASSISTANTS_BASE_URL: 'https://host.example' };
  expect(problemsOf({ argv: ['serve'], env })).toEqual([
    'serve cannot be used with ASSISTANTS_BASE_URL; unset it.',
  ]);
});

test('serve needs a certificate and its key together', () => {
  const needsKey = "needs the certificate's private key; name its file with --tls-key.";
  expect(problemsOf({ argv: ['serve', '--tls-cert', 'a.pem'] })).toEqual([
    `--tls-cert ${needsKey}`,
  ]);
  expect(problemsOf({ argv: ['serve'], env: { ASSISTANTS_TLS_CERT: 'a.pem' } })).toEqual([
    `ASSISTANTS_TLS_CERT ${needsKey}`,
  ]);
  expect(problemsOf({ argv: ['serve', '--tls-key', 'a.key'] })).toEqual([
    "--tls-key needs the key's certificate; name its file with --tls-cert.",
  ]);
  const env = { ASSISTANTS_TLS_KEY: 'a.key' };
  expect(problemsOf({ argv: ['serve', '--tls-cert', 'a.pem'], env })).toEqual([]);
});

test.each(['linux', 'darwin', 'win32'])(
  'without a home directory on %s the database must be named',
  (platform) => {
    const none = { platform, home: '' };
    const sentence = 'There is no home directory for the database; choose a file with --database.';
    expect(problemsOf(none)).toEqual([sentence]);
    expect(problemsOf({ ...none, argv: ['export'] })).toEqual([sentence]);
    expect(problemsOf({ ...none, argv: ['--database', 'a.db'] })).toEqual([]);
    expect(problemsOf({ ...none, argv: ['--base-url', 'http://127.0.0.1/v1'] })).toEqual([]);
    expect(problemsOf({ ...none, argv: ['demo'] })).toEqual([]);
  },
);

test.each([
  ['--modelapi', '--model-api'],
  ['--model_api=chat', '--model-api'],
  ['--modle', '--model'],
  ['--Concurrency=2', '--concurrency'],
  ['--concurrency16', '--concurrency'],
  ['-database', '--database'],
  ['--older-then=30d', '--older-than'],
])('suggests the known flag for the misspelt or glued %s', (written, flag) => {
  const [name] = written.split('=');
  expect(problemsOf({ argv: [written] })).toEqual([
    `Unknown option '${name}'. Did you mean '${flag}'?`,
  ]);
});

test.each([
  'OPENAI_API_KEY=${OPENAI_API_KEY}',
  'OPENAI_API_KEY=${env:OPENAI_API_KEY}',
  'OPENAI_API_KEY=${input:key}',
  'OPENAI_API_KEY=$OPENAI_API_KEY',
  'OPENAI_API_KEY=%OPENAI_API_KEY%',
  'OPENAI_API_KEY={{OPENAI_API_KEY}}',
  'OPENAI_APIS_API_KEY=${KEY}',
])('refuses %s, which the host did not replace', (setting) => {
  const [name = '', value = ''] = setting.split('=');
  expect(problemsOf({ env: { [name]: value } })).toEqual([
    `${name}: '${value}' is a variable that was not replaced. Write the value itself, or set that variable where your MCP host replaces it.`,
  ]);
});

test('refuses a token that the host did not replace, and takes keys that contain such signs', () => {
  const env = { ASSISTANTS_TOKEN: '${ASSISTANTS_TOKEN}' };
  expect(problemsOf({ argv: ['serve'], env })[0]).toContain(
    "ASSISTANTS_TOKEN: '${ASSISTANTS_TOKEN}' is a variable that was not replaced.",
  );
  for (const key of ['sk-${a}', '$a-b', '%25', '$', 'a{{b}}']) {
    expect(problemsOf({ env: { OPENAI_API_KEY: key } })).toEqual([]);
  }
});

test('suggests no flag for an unknown one that resembles none', () => {
  expect(problemsOf({ argv: ['--frobnicate'] })).toEqual(["Unknown option '--frobnicate'."]);
});

test('does not take the value of an unknown flag for a command or an argument', () => {
  const sentence = "Unknown option '--modelapi'. Did you mean '--model-api'?";
  expect(problemsOf({ argv: ['--modelapi', 'chat'] })).toEqual([sentence]);
  expect(problemsOf({ argv: ['--modelapi', 'chat', 'demo'] })).toEqual([sentence]);
  expect(problemsOf({ argv: ['demo', '--modelapi', 'chat'] })).toEqual([sentence]);
  expect(problemsOf({ argv: ['--modelapi', 'demo', 'twice'] })).toEqual([
    "Unexpected argument 'twice'.",
    sentence,
  ]);
});

test('names all commands when an unknown one resembles none', () => {
  expect(problemsOf({ argv: ['frobnicate'] })).toEqual([
    "Unknown command 'frobnicate'. The commands are serve, import, export, backup, prune, demo and help.",
  ]);
});

test('the default command cannot be named', () => {
  expect(problemsOf({ argv: ['stdio'] })).toEqual([
    "Unknown command 'stdio'. The commands are serve, import, export, backup, prune, demo and help.",
  ]);
});

test.each([
  ['import', 'a.jsonl'],
  ['prune', '--older-than=30d'],
])('%s does not run where the database is read-only', (...argv) => {
  const [command] = argv;
  expect(problemsOf({ argv, env: { ASSISTANTS_READ_ONLY: 'true' } })).toEqual([
    `${command} cannot be used with ASSISTANTS_READ_ONLY; unset it.`,
  ]);
  expect(problemsOf({ argv: [...argv, '--read-only'] })).toEqual([
    `${command} cannot be used with --read-only; remove it.`,
  ]);
  expect(problemsOf({ argv, env: { ASSISTANTS_READ_ONLY: 'false' } })).toEqual([]);
});

test.each([['export'], ['backup', 'a.db']])(
  '%s runs where the database is read-only',
  (...argv) => {
    expect(problemsOf({ argv, env: { ASSISTANTS_READ_ONLY: 'true' } })).toEqual([]);
  },
);
