import { describe, expect, test } from 'vitest';
import { capabilityTools } from '../../src/tools/capability-aliases.ts';
import { allTools } from '../../src/tools/registry.ts';
import { toListing } from '../../src/tools/tool-listing.ts';
import { createFakeServer } from '../support/fake-assistants-server.ts';
import { connectTools } from '../support/mcp.ts';
import {
  isFunctionName,
  maxDescriptionLength,
  providerProblems,
  typeLists,
} from '../support/provider-rules.ts';

const listings = [...allTools, ...capabilityTools].map(toListing);

describe.each(listings.map((listing) => [listing.name, listing] as const))('%s', (_, listing) => {
  test('has an input schema that OpenAI, Anthropic and Gemini take', () => {
    expect(providerProblems(listing.inputSchema)).toEqual([]);
  });

  test('has a name and a description that they take', () => {
    expect(isFunctionName(listing.name)).toBe(true);
    expect(listing.description.length).toBeLessThanOrEqual(maxDescriptionLength);
  });

  test('has an output schema without lists of types', () => {
    expect(typeLists(listing.outputSchema ?? {})).toEqual([]);
  });
});

const withProperty = (schema: object) => ({ type: 'object', properties: { a: schema } });

/** Schemas of other servers that made a provider refuse all tools, from the reports. */
const refused: readonly (readonly [report: string, schema: object, problem: string])[] = [
  ['n8n#15553', withProperty({ type: ['string', 'null'] }), 'gemini: properties.a: type'],
  [
    'copilot-cli#4623',
    withProperty({ type: 'array', items: { type: ['object', 'null'] } }),
    'gemini: properties.a.items: type',
  ],
  ['claude-code#77194', withProperty({ enum: ['a', null] }), 'anthropic: properties.a: null'],
  [
    'langchain#39271',
    { ...withProperty({ type: 'string' }), anyOf: [{ type: 'object' }] },
    'anthropic: root: a union at the root',
  ],
  [
    'opencode#15795',
    withProperty({ anyOf: [{ type: 'string' }, { type: 'number' }], description: 'x' }),
    'gemini: properties.a: a keyword beside anyOf',
  ],
  ['CopilotKit#6883', withProperty({ type: 'object' }), 'gemini: properties.a: object without'],
  [
    'browser-use#3786',
    withProperty({ type: 'object', properties: {} }),
    'gemini: properties.a: object without',
  ],
  ['openai-agents-python#449', { type: 'object' }, 'openai: root: object without properties'],
  ['spacectl#402', withProperty({ type: 'array' }), 'openai: properties.a: array without items'],
  ['zed#45552', withProperty({ type: 'string', const: 'x' }), 'gemini: properties.a: const'],
  [
    'cherry-studio#3485',
    { ...withProperty({ type: 'string' }), additionalProperties: false },
    'gemini: root: additionalProperties',
  ],
  [
    'kilocode#11955',
    { ...withProperty({ type: 'string' }), required: ['b'] },
    'gemini: root: required, but not defined: b',
  ],
  ['directus#27100', withProperty({ type: 'integer', enum: [1] }), 'gemini: properties.a: an enum'],
  ['opencode#46676', withProperty({ type: 'string', enum: [''] }), 'gemini: properties.a: an enum'],
  [
    'claude-code#79418',
    { type: 'object', properties: { 'filter[id]': { type: 'string' } } },
    'anthropic: root: filter[id]',
  ],
  [
    'claude-code#95212',
    withProperty({ type: 'number', default: 10 }),
    'anthropic: properties.a: default',
  ],
];

test.each(refused)('the rules refuse the schema of %s', (_, schema, problem) => {
  const problems = providerProblems({ ...schema });
  expect(problems.filter((each) => each.startsWith(problem))).not.toEqual([]);
});

describe('null, which no schema lists', () => {
  test.each([
    ['create_run', { thread_id: 'thread_a', assistant_id: 'asst_a', model: null }],
    ['create_assistant', { model: 'm', name: null, temperature: null, response_format: null }],
    ['modify_thread', { thread_id: 'thread_a', metadata: null, tool_resources: null }],
    ['modify_assistant', { assistant_id: 'asst_a', instructions: null, reasoning_effort: null }],
  ])('is still taken by %s', async (name, args) => {
    const { openai, requests } = createFakeServer({
      'POST /threads/thread_a/runs': { id: 'run_a', thread_id: 'thread_a', status: 'failed' },
      'POST /assistants': { id: 'asst_a' },
      'POST /threads/thread_a': { id: 'thread_a' },
      'POST /assistants/asst_a': { id: 'asst_a' },
    });
    const host = await connectTools({ openai });
    expect((await host.call(name, args)).failed).toBe(false);
    expect(requests).toHaveLength(1);
  });
});
