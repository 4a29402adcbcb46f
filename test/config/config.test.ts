import { describe, expect, test } from 'vitest';
import { commandOptions } from '../../src/config/command-options.ts';
import type { OptionInfo } from '../../src/config/option.ts';
import { sharedOptions } from '../../src/config/options.ts';
import { defaultToolsets } from '../../src/tools/toolsets.ts';
import { configOf, problemsOf, read } from '../support/config.ts';

test('every option has its default without flags and environment', () => {
  expect(read()).toEqual({
    action: 'run',
    command: 'stdio',
    positionals: [],
    warnings: [],
    config: {
      apiKey: null,
      modelBaseUrl: null,
      modelApi: 'auto',
      model: null,
      modelMap: new Map(),
      embeddingModel: null,
      hostedTools: 'refuse',
      files: 'auto',
      maxFile: 512 * 2 ** 20,
      maxFileStorage: 100 * 2 ** 30,
      database: '/home/ada/.local/share/assistants-mcp/assistants.db',
      runLifetime: 600,
      modelTimeout: null,
      showReasoning: false,
      concurrency: 16,
      baseUrl: null,
      apiVersion: null,
      askPerson: [],
      toolsets: defaultToolsets,
      tools: null,
      excludeTools: [],
      from: null,
      readOnly: false,
      toolNames: 'default',
      logLevel: 'info',
      host: '127.0.0.1',
      port: 8080,
      tlsCert: null,
      tlsKey: null,
      token: null,
      allowedHosts: [],
      allowedOrigins: [],
      maxBody: 32 * 2 ** 20,
      replace: false,
      threads: null,
      output: null,
      olderThan: null,
      dryRun: false,
      exportFiles: false,
      pruneFiles: false,
    },
  });
});

const settings = [
  ['model-api', 'ASSISTANTS_MODEL_API', 'modelApi', 'scripted', 'scripted'],
  ['model', 'ASSISTANTS_MODEL', 'model', 'gpt-5-mini', 'gpt-5-mini'],
  [
    'model-map',
    'ASSISTANTS_MODEL_MAP',
    'modelMap',
    'gpt-4=gpt-4.1, gpt-4o=ft:gpt-5:acme::1',
    new Map([
      ['gpt-4', 'gpt-4.1'],
      ['gpt-4o', 'ft:gpt-5:acme::1'],
    ]),
  ],
  ['embedding-model', 'ASSISTANTS_EMBEDDING_MODEL', 'embeddingModel', 'bge-m3', 'bge-m3'],
  ['hosted-tools', 'ASSISTANTS_HOSTED_TOOLS', 'hostedTools', 'drop', 'drop'],
  ['files', 'ASSISTANTS_FILES', 'files', 'local', 'local'],
  ['max-file', 'ASSISTANTS_MAX_FILE', 'maxFile', '2GiB', 2 ** 31],
  ['max-file-storage', 'ASSISTANTS_MAX_FILE_STORAGE', 'maxFileStorage', '1TiB', 2 ** 40],
  ['database', 'ASSISTANTS_DATABASE', 'database', '/data/a.db', '/data/a.db'],
  ['run-lifetime', 'ASSISTANTS_RUN_LIFETIME', 'runLifetime', '90', 90],
  ['model-timeout', 'ASSISTANTS_MODEL_TIMEOUT', 'modelTimeout', '900', 900],
  ['concurrency', 'ASSISTANTS_CONCURRENCY', 'concurrency', '2', 2],
  ['base-url', 'ASSISTANTS_BASE_URL', 'baseUrl', 'http://[::1]:8080/v1', 'http://[::1]:8080/v1'],
  ['api-version', 'ASSISTANTS_API_VERSION', 'apiVersion', '2024-05-01', '2024-05-01'],
  ['toolsets', 'ASSISTANTS_TOOLSETS', 'toolsets', 'runs, threads', ['runs', 'threads']],
  ['tools', 'ASSISTANTS_TOOLS', 'tools', 'get_run list_runs', ['get_run', 'list_runs']],
  [
    'exclude-tools',
    'ASSISTANTS_EXCLUDE_TOOLS',
    'excludeTools',
    'delete_file,delete_thread',
    ['delete_file', 'delete_thread'],
  ],
  [
    'ask-person',
    'ASSISTANTS_ASK_PERSON',
    'askPerson',
    'approve, choose-one',
    ['approve', 'choose-one'],
  ],
  ['tool-names', 'ASSISTANTS_TOOL_NAMES', 'toolNames', 'capability', 'capability'],
  ['log-level', 'ASSISTANTS_LOG_LEVEL', 'logLevel', 'debug', 'debug'],
  ['host', 'ASSISTANTS_HOST', 'host', '[::1]', '::1', 'serve'],
  ['port', 'ASSISTANTS_PORT', 'port', '0', 0, 'serve'],
  [
    'allowed-hosts',
    'ASSISTANTS_ALLOWED_HOSTS',
    'allowedHosts',
    'Box.example:8080, fe80::1',
    ['box.example', '[fe80::1]'],
    'serve',
  ],
  [
    'allowed-origins',
    'ASSISTANTS_ALLOWED_ORIGINS',
    'allowedOrigins',
    'https://app.example,vscode-webview://a1',
    ['https://app.example', 'vscode-webview://a1'],
    'serve',
  ],
  ['max-body', 'ASSISTANTS_MAX_BODY', 'maxBody', '64MiB', 64 * 2 ** 20, 'serve'],
] as const;

describe.each(settings)('--%s, %s', (flag, name, field, text, value, command?: string) => {
  const words = command === undefined ? [] : [command];

  test('is set by its flag or its environment variable', () => {
    expect(configOf({ argv: [...words, `--${flag}`, text] })[field]).toEqual(value);
    expect(configOf({ argv: [...words, `--${flag}=${text}`] })[field]).toEqual(value);
    expect(configOf({ env: { [name]: text } })[field]).toEqual(value);
  });

  test('is set by its flag rather than the variable, and an empty variable counts as unset', () => {
    const argv = [...words, `--${flag}`, text];
    expect(configOf({ argv, env: { [name]: 'x' } })[field]).toEqual(value);
    expect(configOf({ env: { [name]: ' ' } })).toEqual(configOf());
  });
});

test('this file tests every option', () => {
  const others = ['apiKey', 'modelBaseUrl', 'readOnly', 'showReasoning', 'token'];
  const files = ['tlsCert', 'tlsKey'];
  const ofCommands = [
    'from',
    'replace',
    'threads',
    'output',
    'olderThan',
    'dryRun',
    'exportFiles',
    'pruneFiles',
  ];
  const tested = [...settings.map(([, , field]) => field), ...others, ...files, ...ofCommands];
  const all = Object.keys({ ...sharedOptions, ...commandOptions });
  expect(tested.toSorted()).toEqual(all.toSorted());
});

test('the API key is that of the first variable that is set, without its newline', () => {
  const OPENAI_APIS_API_KEY = 'second\n';
  expect(configOf({ env: { OPENAI_APIS_API_KEY } }).apiKey).toBe('second');
  expect(configOf({ env: { OPENAI_APIS_API_KEY, OPENAI_API_KEY: 'first' } }).apiKey).toBe('first');
});

test('serve takes a certificate with its key, from flags or from the environment', () => {
  const tls = { tlsCert: 'a.pem', tlsKey: 'a.key' };
  const argv = ['serve', '--tls-cert', 'a.pem', '--tls-key', 'a.key'];
  expect(configOf({ argv })).toMatchObject(tls);
  const env = { ASSISTANTS_TLS_CERT: 'a.pem', ASSISTANTS_TLS_KEY: 'a.key' };
  expect(configOf({ argv: ['serve'], env })).toMatchObject(tls);
});

test('import takes files, and replaces objects only with --replace', () => {
  expect(read({ argv: ['import', 'a.jsonl', '-'] })).toMatchObject({
    command: 'import',
    positionals: ['a.jsonl', '-'],
    config: { replace: false },
  });
  expect(read({ argv: ['import', '--replace', 'a.jsonl'] })).toMatchObject({
    positionals: ['a.jsonl'],
    config: { replace: true },
  });
});

test('export takes thread ids and an output file', () => {
  const argv = ['export', '--threads', 'thread_1, 550e8400-e29b', '--output', 'all.jsonl'];
  expect(configOf({ argv })).toMatchObject({
    threads: ['thread_1', '550e8400-e29b'],
    output: 'all.jsonl',
  });
  expect(configOf({ argv: ['export', '--output', '-'] }).output).toBeNull();
});

test('the bearer token of callers is set by ASSISTANTS_TOKEN', () => {
  expect(configOf({ env: { ASSISTANTS_TOKEN: 'let-me-in\n' } }).token).toBe('let-me-in');
  expect(problemsOf({ env: { ASSISTANTS_TOKEN: 'let me in' } })).toEqual([
    'ASSISTANTS_TOKEN: must be visible ASCII characters without spaces.',
  ]);
});

test.each(['localhost', '127.0.0.1', '127.8.8.8', '::1', '[::1]'])(
  'serve requires no token on %s',
  (host) => {
    expect(read({ argv: ['serve', '--host', host] })).toMatchObject({ command: 'serve' });
  },
);

test.each(['0.0.0.0', '::', '192.168.1.5', '127.1', '0', '127.0.0.1.example', 'box.example'])(
  'serve requires a token on %s',
  (host) => {
    const argv = ['serve', '--host', host];
    expect(problemsOf({ argv })).toEqual([
      `serve requires ASSISTANTS_TOKEN on ${host}, which other machines can reach.`,
    ]);
    expect(configOf({ argv, env: { ASSISTANTS_TOKEN: 'let-me-in-0123456789' } }).host).toBe(host);
  },
);

test('the model endpoint is set by OPENAI_BASE_URL', () => {
  const OPENAI_BASE_URL = 'https://models.example/v1';
  expect(configOf({ env: { OPENAI_BASE_URL } }).modelBaseUrl).toBe(OPENAI_BASE_URL);
});

test('--show-reasoning is a switch that also accepts a value', () => {
  expect(configOf({ argv: ['--show-reasoning'] }).showReasoning).toBe(true);
  expect(configOf({ env: { ASSISTANTS_SHOW_REASONING: 'true' } }).showReasoning).toBe(true);
});

test('--read-only is a switch that also accepts a value', () => {
  expect(configOf({ argv: ['--read-only'] }).readOnly).toBe(true);
  expect(configOf({ env: { ASSISTANTS_READ_ONLY: '1' } }).readOnly).toBe(true);
  const env = { ASSISTANTS_READ_ONLY: 'true' };
  expect(configOf({ argv: ['--read-only=false'], env }).readOnly).toBe(false);
});

test.each([
  ['linux', {}, '/home/ada/.local/share/assistants-mcp/assistants.db'],
  ['linux', { XDG_DATA_HOME: '/data' }, '/data/assistants-mcp/assistants.db'],
  ['linux', { XDG_DATA_HOME: 'data' }, '/home/ada/.local/share/assistants-mcp/assistants.db'],
  ['darwin', {}, '/home/ada/Library/Application Support/assistants-mcp/assistants.db'],
  ['win32', { LOCALAPPDATA: 'C:\\Local' }, 'C:\\Local\\assistants-mcp\\assistants.db'],
  ['win32', {}, '\\home\\ada\\AppData\\Local\\assistants-mcp\\assistants.db'],
])('on %s with %j the default database is %s', (platform, env, file) => {
  expect(configOf({ platform, env }).database).toBe(file);
});

test('~ in a database path means the home directory', () => {
  expect(configOf({ argv: ['--database', '~/a.db'] }).database).toBe('/home/ada/a.db');
});

test.each([
  [{ argv: ['demo'] }, { action: 'run', command: 'demo' }],
  [{ argv: ['help'] }, { action: 'help', command: undefined }],
  [{ argv: ['--help', '--bogus'] }, { action: 'help', command: undefined }],
  [{ argv: ['-h'] }, { action: 'help', command: undefined }],
  [{ argv: ['swerve', '--help'] }, { action: 'help', command: undefined }],
  [{ argv: ['serve', '--help', '--bogus'] }, { action: 'help', command: 'serve' }],
  [{ argv: ['-h', 'prune'] }, { action: 'help', command: 'prune' }],
  [{ argv: ['help', 'export'] }, { action: 'help', command: 'export' }],
  [{ argv: ['--version'] }, { action: 'version' }],
  [{ argv: ['serve', '-v'] }, { action: 'version' }],
])('%j parses to %j', (start, expected) => {
  expect(read(start)).toMatchObject(expected);
});

test('warns about an option that has no effect in this mode', () => {
  const ASSISTANTS_BASE_URL = 'http://127.0.0.1/v1';
  expect(read({ argv: ['--model', 'm'], env: { ASSISTANTS_BASE_URL } })).toMatchObject({
    warnings: ['--model has no effect while ASSISTANTS_BASE_URL is set.'],
  });
  expect(read({ env: { ASSISTANTS_API_VERSION: '1' } })).toMatchObject({
    warnings: ['ASSISTANTS_API_VERSION has no effect without ASSISTANTS_BASE_URL.'],
  });
});

test('warns about a tool whose toolset is not listed', () => {
  const argv = ['--tools', 'get_run,list_messages', '--toolsets', 'runs'];
  expect(read({ argv })).toMatchObject({
    warnings: ['--tools: list_messages is not listed, because its toolset messages is not.'],
  });
});

test('no secret can be on the command line', () => {
  const options = Object.values<OptionInfo>({ ...sharedOptions, ...commandOptions });
  const secrets = options.filter(({ secret }) => secret === true);
  expect(secrets.map(({ env, flag }) => [env[0], flag])).toEqual([
    ['OPENAI_API_KEY', null],
    ['ASSISTANTS_TOKEN', null],
  ]);
});
