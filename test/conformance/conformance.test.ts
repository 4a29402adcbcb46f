import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../e2e/server.ts';
import { startServe } from '../support/serve.ts';
import { createFixture } from './fixture.ts';

/** The scenarios that fail, and why they have to. */
const baseline: Readonly<Record<string, string>> = {
  'tools-call-sampling': 'a stateless server has no way to ask a client of 2025 back',
  'tools-call-elicitation': 'likewise',
  'elicitation-sep1034-defaults': 'likewise',
  'elicitation-sep1330-enums': 'likewise',
};

const script = 'node_modules/@modelcontextprotocol/conformance/dist/index.js';

/** Runs the conformance suite against an address; resolves to what it prints. */
async function check(url: string, ...args: readonly string[]): Promise<string> {
  const suite = spawn(
    process.execPath,
    [script, 'server', '--url', url, '--output-dir', temporaryFolder(), ...args],
    { env: { PATH: process.env['PATH'] }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  return stripVTControlCharacters(await text(suite.stdout));
}

test('MCP over HTTP passes every scenario but those of the baseline', async () => {
  const { url } = await startServe({ mcpServer: createFixture });
  const told = await check(`${url}/mcp`, '--suite', 'all');
  const failed = [...told.matchAll(/^✗ ([\w-]+):/gmu)].flatMap(([, scenario]) => scenario ?? []);
  expect(failed.toSorted()).toEqual(Object.keys(baseline).toSorted());
  expect(told).toContain('Total: 30 passed, 4 failed');
});

test.each(['server-initialize', 'ping', 'tools-list', 'dns-rebinding-protection'])(
  'the program itself passes %s',
  async (scenario) => {
    const { url } = await startServe();
    const told = await check(`${url}/mcp`, '--scenario', scenario);
    expect(told).toMatch(/Passed: (\d+)\/\1, 0 failed, 0 warnings/u);
  },
);
