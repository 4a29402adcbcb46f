import { runProgram } from './command-line.mjs';
import { callJob, http, isStdio, requireTools, stdio } from './setting.mjs';

const pairs = (flag, values, separator) =>
  Object.entries(values).flatMap(([name, value]) => [flag, `${name}${separator}${value}`]);

const server = isStdio
  ? [...pairs('-e', stdio.env, '='), '--', stdio.command, ...stdio.args]
  : [http.url, '--transport', 'http', ...pairs('--header', http.headers, ': ')];

const inspect = (method, ...args) =>
  runProgram('mcp-inspector', ['--cli', '--method', method, ...args, ...server]);

const listed = await inspect('tools/list', '--strict');
if (listed.stderr.trim() !== '') throw new Error(`--strict says: ${listed.stderr}`);
requireTools(JSON.parse(listed.stdout).tools.map(({ name }) => name));
await callJob(async (name, args) => {
  const flags = ['--tool-name', name, '--tool-args-json', JSON.stringify(args)];
  return JSON.parse((await inspect('tools/call', ...flags)).stdout);
});
