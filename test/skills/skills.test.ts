import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { namesByToolset } from '../../src/tools/toolsets.ts';
import { skillList } from '../../src/skills/skill-list.ts';
import { skillFile } from '../../src/skills/skills.ts';
import { createFakeServer } from '../support/fake-assistants-server.ts';
import {
  connectOverHttp,
  connectOverStdio,
  type Peer,
  peerNames,
  readText,
} from '../support/mcp-peers.ts';
import { connect } from '../support/stored-thread.ts';

const entry = z.strictObject({
  uri: z.string(),
  frontmatter: z.strictObject({ name: z.string(), description: z.string() }),
  resources: z.tuple([z.strictObject({ uri: z.string(), digest: z.string(), size: z.int() })]),
});
const hints = { ttlMs: z.int(), cacheScope: z.enum(['public', 'private']) };
const listResult = z.looseObject({ skills: z.array(entry), ...hints });
const getResult = z.looseObject({ skill: entry, ...hints });

/** Sends a request of the extension, for which the clients have no method. */
const send = (peer: Peer, method: string, params: object = {}): Promise<unknown> =>
  Reflect.apply(Reflect.get(peer, 'request'), peer, [{ method, params }, z.looseObject({})]);

const names = ['first-conversation', 'tool-loop', 'bring-old-code-and-data'];

const skillUris = (resources: readonly { readonly uri: string }[]) =>
  resources.map(({ uri }) => uri).filter((uri) => uri.startsWith('skill:'));

const noServer = async () => {
  throw new Error('a skill needs no server');
};

const connections = peerNames.flatMap((name) => [
  [name, 'HTTP', async () => (await connectOverHttp(name)).peer] as const,
  [
    name,
    'stdio',
    async () => {
      return (await connectOverStdio(name, { openai: noServer })).peer;
    },
  ] as const,
]);

test.each(connections)('%s over %s lists, gets and verifies three skills', async (_n, _t, open) => {
  const peer = await open();
  expect(peer.getServerCapabilities()).toMatchObject({
    resources: {},
    extensions: { 'io.modelcontextprotocol/skills': {} },
  });
  const { skills } = listResult.parse(await send(peer, 'skills/list'));
  expect(skills.map(({ frontmatter }) => frontmatter.name)).toEqual(names);
  const { resources } = await peer.listResources();
  expect(skillUris(resources)).toEqual(skills.map(({ uri }) => uri));
  for (const skill of skills) {
    const { uri, frontmatter } = skill;
    expect(uri).toBe(`skill://${frontmatter.name}/SKILL.md`);
    expect(getResult.parse(await send(peer, 'skills/get', { uri })).skill).toEqual(skill);
    const text = await readText(peer, uri);
    const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
    expect(skill.resources).toEqual([{ uri, digest, size: Buffer.byteLength(text) }]);
    const [, yaml = ''] = /^---\n([^]*?)\n---\n/u.exec(text) ?? [];
    expect(parse(yaml)).toEqual(frontmatter);
  }
});

test.each(peerNames)(
  'an unknown skill or cursor is an error of the protocol, for %s',
  async (name) => {
    const { peer } = await connectOverHttp(name);
    for (const [method, params, sentence] of [
      ['skills/get', { uri: 'skill://x/SKILL.md' }, 'No skill has the URI "skill://x/SKILL.md".'],
      ['skills/get', {}, 'No skill has the URI null.'],
      ['skills/get', { uri: ['skill'] }, 'No skill has the URI null.'],
      ['skills/list', { cursor: 'x' }, 'Invalid cursor: all skills are on the first page.'],
      ['resources/read', { uri: 'skill://x/SKILL.md' }, 'No resource has the URI'],
    ] as const) {
      const error: unknown = await send(peer, method, params).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: -32_602 });
      expect(String(error)).toContain(sentence);
    }
  },
);

test('2026-07-28 requires resultType in what the extension answers', async () => {
  const { served } = await connectOverHttp('the 2026 client');
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  for (const [method, params] of [
    ['skills/list', {}],
    ['skills/get', { uri: 'skill://tool-loop/SKILL.md' }],
  ] as const) {
    const response = await fetch(`${served.url}/mcp`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': method,
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: meta } }),
    });
    const text = await response.text();
    expect(text).toContain('"resultType":"complete"');
    expect(text).toContain('"ttlMs":300000,"cacheScope":"private"');
  }
});

test.each([
  [[], names],
  [['--read-only'], ['bring-old-code-and-data']],
  [
    ['--exclude-tools', 'cancel_run'],
    ['first-conversation', 'bring-old-code-and-data'],
  ],
  [['--tool-names', 'capability'], ['bring-old-code-and-data']],
])('with the flags %j, the skills %j are offered', async (argv, offered) => {
  const { peer } = await connect(createFakeServer({}), argv);
  const { skills } = listResult.parse(await send(peer, 'skills/list'));
  expect(skills.map(({ frontmatter }) => frontmatter.name)).toEqual(offered);
  const { resources } = await peer.listResources();
  expect(skillUris(resources)).toHaveLength(offered.length);
});

test.each(skillList)('$name follows the format, and names only tools that it requires', (skill) => {
  expect(skill.name).toMatch(/^[a-z]+(?:-[a-z]+)*$/u);
  expect(skill.description.length).toBeLessThanOrEqual(1024);
  const text = skillFile(skill);
  expect(Buffer.byteLength(text)).toBeLessThan(5000);
  const tools = Object.values(namesByToolset.default).flat();
  const named = tools.filter((tool) => new RegExp(`(?<![\\w.])${tool}(?![\\w.])`, 'u').test(text));
  expect(named.toSorted()).toEqual([...skill.operations].toSorted());
});
