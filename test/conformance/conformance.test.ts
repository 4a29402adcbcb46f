import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../e2e/server.ts';
import { startServe } from '../support/serve.ts';
import { createFixture } from './fixture.ts';

/** The required scenarios that fail, with the reason, by the protocol's version. */
const baselines: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '2025-11-25': {
    'tools-call-sampling': 'a stateless server cannot send requests to a 2025 client',
    'tools-call-elicitation': 'same as sampling',
    'elicitation-sep1034-defaults': 'same as sampling',
    'elicitation-sep1330-enums': 'same as sampling',
  },
  '2026-07-28': {},
};

/** A set has up to 67 scenarios. */
const suiteTimeoutMs = 180_000;

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

const unscored = /^ {2}✗ ([\w-]+) \(/gmu;

const namesIn = (output: string, pattern: RegExp): string[] =>
  [...output.matchAll(pattern)].flatMap(([, name]) => name ?? []);

test.each(Object.entries(baselines))(
  'MCP over HTTP passes every scenario that %s requires except those of the baseline',
  async (revision, baseline) => {
    const { url } = await startServe({ mcpServer: createFixture });
    const output = await runSuite(`${url}/mcp`, '--requirements', revision);
    const optional = namesIn(output, unscored);
    const failed = namesIn(output, /^✗ ([\w-]+):/gmu).filter((name) => !optional.includes(name));
    expect(failed.toSorted()).toEqual(Object.keys(baseline).toSorted());
    expect(namesIn(output, /^✓ ([\w-]+):/gmu).length).toBeGreaterThan(28);
  },
  suiteTimeoutMs,
);

test.each(['server-initialize', 'ping', 'tools-list', 'dns-rebinding-protection'])(
  'the program’s own MCP server passes %s',
  async (scenario) => {
    const { url } = await startServe();
    const output = await runSuite(`${url}/mcp`, '--scenario', scenario);
    expect(output).toMatch(/Passed: (\d+)\/\1, 0 failed, 0 warnings/u);
  },
  suiteTimeoutMs,
);
