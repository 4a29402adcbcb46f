import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../e2e/server.ts';
import { startServe } from '../support/serve.ts';
import { createFixture } from './fixture.ts';

/** The scenarios that fail, with the reason. */
const baseline: Readonly<Record<string, string>> = {
  'tools-call-sampling': 'a stateless server cannot send requests to a 2025 client',
  'tools-call-elicitation': 'same as sampling',
  'elicitation-sep1034-defaults': 'same as sampling',
  'elicitation-sep1330-enums': 'same as sampling',
};

const script = 'node_modules/@modelcontextprotocol/conformance/dist/index.js';

/** Runs the conformance suite against a URL; resolves to its output. */
async function runSuite(url: string, ...args: readonly string[]): Promise<string> {
  const suite = spawn(
    process.execPath,
    [script, 'server', '--url', url, '--output-dir', temporaryFolder(), ...args],
    { env: { PATH: process.env['PATH'] }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  return stripVTControlCharacters(await text(suite.stdout));
}

test('MCP over HTTP passes every scenario except those of the baseline', async () => {
  const { url } = await startServe({ mcpServer: createFixture });
  const output = await runSuite(`${url}/mcp`, '--suite', 'all');
  const failed = [...output.matchAll(/^✗ ([\w-]+):/gmu)].flatMap(([, scenario]) => scenario ?? []);
  expect(failed.toSorted()).toEqual(Object.keys(baseline).toSorted());
  expect(output).toContain('Total: 30 passed, 4 failed');
});

test.each(['server-initialize', 'ping', 'tools-list', 'dns-rebinding-protection'])(
  'the program’s own MCP server passes %s',
  async (scenario) => {
    const { url } = await startServe();
    const output = await runSuite(`${url}/mcp`, '--scenario', scenario);
    expect(output).toMatch(/Passed: (\d+)\/\1, 0 failed, 0 warnings/u);
  },
);
