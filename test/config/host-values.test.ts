import { expect, test } from 'vitest';
import { configOf, problemsOf } from '../support/config.ts';

test.each([
  ['OPENAI_API_KEY', '"sk-a"', { apiKey: 'sk-a' }],
  ['OPENAI_API_KEY', " 'sk-a'\n", { apiKey: 'sk-a' }],
  ['OPENAI_API_KEY', '"sk-a', { apiKey: '"sk-a' }],
  ['OPENAI_BASE_URL', '"https://models.example/v1"', { modelBaseUrl: 'https://models.example/v1' }],
  ['ASSISTANTS_DATABASE', '"C:\\Users\\Ada L\\a.db"', { database: 'C:\\Users\\Ada L\\a.db' }],
  ['ASSISTANTS_READ_ONLY', '"True"', { readOnly: true }],
  ['ASSISTANTS_MODEL_API', 'Chat', { modelApi: 'chat' }],
  ['ASSISTANTS_LOG_LEVEL', 'DEBUG', { logLevel: 'debug' }],
])('%s=%s is taken, as Docker and some hosts write it', (name, value, expected) => {
  expect(configOf({ env: { [name]: value } })).toMatchObject(expected);
});

test.each(['', ' ', '""', "''", '" "', '${user_config.field}', '"${user_config.field}"'])(
  'the environment variable %j counts as unset',
  (value) => {
    const names = ['OPENAI_API_KEY', 'OPENAI_BASE_URL', 'ASSISTANTS_MODEL', 'ASSISTANTS_READ_ONLY'];
    const env = Object.fromEntries(names.map((name) => [name, value]));
    expect(configOf({ env })).toEqual(configOf({}));
  },
);

test('quotes around the value of a flag, and empty arguments, are ignored', () => {
  expect(configOf({ argv: ['', '--database', '"/data/my files/a.db"', ' '] })).toMatchObject({
    database: '/data/my files/a.db',
  });
  expect(problemsOf({ argv: ['--database', '""'] })).toEqual(['--database needs a value.']);
});

const advice = 'Write the value itself, or set that variable where your MCP host replaces it.';

test.each<[string, string, string]>([
  [
    'ASSISTANTS_MODEL',
    '${env:MODEL}',
    `'\${env:MODEL}' is a variable that was not replaced. ${advice}`,
  ],
  ['ASSISTANTS_DATABASE', '%DB%', `'%DB%' is a variable that was not replaced. ${advice}`],
  ...['${HOME}/a.db', '$HOME/a.db', '%APPDATA%\\a.db', '${workspaceFolder}/a.db'].map(
    (path): [string, string, string] => [
      'ASSISTANTS_DATABASE',
      path,
      `'${path}' begins with a variable that was not replaced. Write the whole path.`,
    ],
  ),
])('%s=%s is refused: the host did not replace it', (name, value, problem) => {
  expect(problemsOf({ env: { [name]: value } })).toEqual([`${name}: ${problem}`]);
});

test.each(['/data/$HOME.db', '/data/100%.db', '$a.db', '%20/a.db'])(
  'the database %s is a file',
  (path) => {
    expect(configOf({ env: { ASSISTANTS_DATABASE: path } }).database).toBe(path);
  },
);
