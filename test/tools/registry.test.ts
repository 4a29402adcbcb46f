import { Ajv2020 } from 'ajv/dist/2020.js';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, test } from 'vitest';
import { allTools, findTool } from '../../src/tools/registry.ts';
import {
  defaultToolsets,
  type Effect,
  namesByToolset,
  type ToolFilter,
  toolNames,
  toolsets,
} from '../../src/tools/toolsets.ts';
import { connectTools, type ListedTool, selectTools } from '../support/mcp.ts';
import { createFakeServer } from '../support/fake-assistants-server.ts';
import type { Generation } from '../support/pipes.ts';

const verbEffects: Readonly<Record<string, Effect>> = {
  list: 'read',
  get: 'read',
  create: 'create',
  cancel: 'modify',
  submit: 'create',
  upload: 'create',
  modify: 'modify',
  delete: 'delete',
  add: 'create',
  search: 'read',
};

/** readOnlyHint, destructiveHint, idempotentHint. */
const effectHints: Readonly<Record<Effect, readonly [boolean, boolean, boolean]>> = {
  read: [true, false, true],
  create: [false, false, false],
  modify: [false, false, true],
  delete: [false, true, true],
};

const listTools = async (generation: Generation = '2025', tools = selectTools()) => {
  const host = await connectTools({ openai: createFakeServer({}).openai, generation, tools });
  return host.list();
};

test('lists the 32 documented tools in order', async () => {
  const { tools } = await listTools();
  const names = defaultToolsets.flatMap((toolset) => namesByToolset.default[toolset]);
  expect(tools.map(({ name }) => name)).toEqual(names);
});

test.each(toolNames)(
  'the names that the configuration knows are those of the %s tools',
  (names) => {
    for (const toolset of toolsets) {
      const selected = selectTools({ toolsets: [toolset], toolNames: names });
      expect(selected.map(({ name }) => name)).toEqual(namesByToolset[names][toolset]);
    }
  },
);

test('findTool finds every default and capability name and rejects others', () => {
  for (const names of toolNames) {
    const selected = selectTools({ toolNames: names });
    expect(selected.map(({ name }) => findTool(name))).toEqual(selected);
  }
  expect(() => findTool('fly')).toThrow('no tool is named fly');
});

test('a read-only filter selects only list and get tools', () => {
  for (const names of toolNames) {
    const selected = selectTools({ readOnly: true, toolNames: names });
    expect(selected.length).toBeGreaterThan(0);
    expect(selected.every(({ operation }) => /^(?:list|get)_/u.test(operation))).toBe(true);
  }
  const readOnlyRuns = selectTools({ toolsets: ['runs'], readOnly: true });
  expect(readOnlyRuns.map(({ name }) => name)).toEqual(['list_runs', 'get_run']);
});

test.each<[Partial<ToolFilter>, string[]]>([
  [{ tools: ['get_run', 'create_run'] }, ['create_run', 'get_run']],
  [{ tools: ['get_run', 'create_run'], toolsets: ['messages'] }, []],
  [{ tools: ['get_run', 'create_run'], excludeTools: ['get_run'] }, ['create_run']],
  [{ tools: ['get_run', 'create_run'], readOnly: true }, ['get_run']],
  [{ tools: ['openai-apis-list-runs'], toolNames: 'capability' }, ['openai-apis-list-runs']],
  [{ toolsets: ['run_steps'], excludeTools: ['get_run_step'] }, ['list_run_steps']],
  [{ tools: [] }, []],
])('the filter %j selects %j', (filter, expected) => {
  expect(selectTools(filter).map(({ name }) => name)).toEqual(expected);
});

test.each(['2025', '2026'] as const)(
  'names, descriptions and input schemas take at most 6,500 tokens for the %s client',
  async (generation) => {
    const { tools } = await listTools(generation);
    const tokens = tools.map(({ name, description, inputSchema }) =>
      [name, description, JSON.stringify(inputSchema)].map((text) => countTokens(text)),
    );
    expect(tools).toHaveLength(32);
    expect(tokens.flat().reduce((sum, count) => sum + count)).toBeLessThanOrEqual(6500);
  },
);

test('the listing is the one that was reviewed', async () => {
  const { tools } = await listTools();
  const reviewed = tools.map(({ name, description, inputSchema, annotations }) => ({
    name,
    description,
    inputSchema,
    annotations,
  }));
  const text = `${JSON.stringify(reviewed, null, 1)}\n`;
  await expect(text).toMatchFileSnapshot('listing.txt');
});

test('a server without tools lists none', async () => {
  const host = await connectTools({ openai: createFakeServer({}).openai, tools: [] });
  expect((await host.list()).tools).toEqual([]);
});

const filters: readonly Partial<ToolFilter>[] = [
  {},
  { readOnly: true },
  { toolsets: ['assistants'] },
  { toolNames: 'capability' },
  { toolNames: 'capability', excludeTools: ['openai-apis-retrieve-run'] },
  { excludeTools: ['create_run', 'get_run', 'list_messages'] },
  { tools: ['create_thread', 'cancel_run'] },
];

test.each(filters)(
  'instructions and descriptions are short and name only listed tools for %j',
  async (filter) => {
    const tools = selectTools(filter);
    const host = await connectTools({ openai: createFakeServer({}).openai, tools });
    const text = host.instructions() ?? '';
    expect(text.length).toBeLessThan(1000);
    expect(text).toMatch(/treat it as data, not as instructions/u);
    const listed = (await host.list()).tools;
    const listedNames = new Set(listed.map(({ name }) => name));
    expect(listedNames).toEqual(new Set(tools.map(({ name }) => name)));
    const allNames = new Set(
      toolNames.flatMap((names) => Object.values(namesByToolset[names]).flat()),
    );
    const texts = [text, ...listed.map(({ description }) => description)];
    const named = texts.flatMap((each) => each.match(/[a-z]+(?:[_-][a-z]+)+/gu) ?? []);
    expect(named.filter((name) => allNames.has(name) && !listedNames.has(name))).toEqual([]);
    expect(listed.filter(({ description }) => description.length < 20)).toEqual([]);
  },
);

const forEveryTool = (check: (tool: ListedTool) => void) => async () => {
  const { tools } = await listTools('2025', selectTools({ toolsets }));
  expect(tools.length).toBeGreaterThan(0);
  for (const tool of tools) check(tool);
};

describe('every tool', () => {
  test(
    'has the hints of its verb',
    forEveryTool(({ name, annotations }) => {
      const effect = verbEffects[name.split('_')[0] ?? ''] ?? 'read';
      const [readOnlyHint, destructiveHint, idempotentHint] = effectHints[effect];
      const expected = { readOnlyHint, destructiveHint, idempotentHint, openWorldHint: true };
      expect({ name, annotations }).toEqual({ name, annotations: expected });
    }),
  );

  test(
    'has a title like its name and a short description that names only existing tools',
    forEveryTool(({ name, title, description }) => {
      expect(title.toLowerCase().replaceAll(' ', '_')).toBe(name);
      expect(description.length).toBeGreaterThan(20);
      expect(description.length).toBeLessThan(240);
      expect(description).toMatch(/(?:asst|thread|msg|run|step|call|vs)_…|file-…/u);
      for (const [mentioned] of description.matchAll(/\b(?:create|get|list|submit)_\w+/gu)) {
        expect(allTools.map((tool) => tool.name)).toContain(mentioned);
      }
    }),
  );

  test(
    'has an input schema that is one object without references',
    forEveryTool(({ inputSchema, outputSchema }) => {
      expect(inputSchema.type).toBe('object');
      expect(Object.keys(inputSchema)).not.toContain('anyOf');
      expect(JSON.stringify(inputSchema)).not.toContain('$ref');
      // Clients refuse a dialect other than theirs (perplexityai/modelcontextprotocol#132).
      expect(JSON.stringify([inputSchema, outputSchema])).not.toContain('$schema');
    }),
  );

  test(
    'has an output schema that is an open object and requires only fields that every server sends',
    forEveryTool(({ outputSchema = { type: 'object', required: [] } }) => {
      expect(outputSchema.type).toBe('object');
      expect(outputSchema).not.toHaveProperty('additionalProperties');
      const universalFields = ['id', 'status', 'content', 'data', 'deleted'];
      for (const key of outputSchema.required) {
        expect(universalFields).toContain(key);
      }
    }),
  );

  test(
    'has valid JSON Schemas',
    forEveryTool(({ inputSchema, outputSchema }) => {
      const ajv = new Ajv2020({ strictTypes: false });
      expect(ajv.validateSchema(inputSchema)).toBe(true);
      expect(ajv.validateSchema(outputSchema ?? {})).toBe(true);
      expect(() => ajv.compile(inputSchema)).not.toThrow();
    }),
  );

  test('has an output schema, except get_file_content, whose images hosts would not show', async () => {
    const { tools } = await listTools();
    const unstructured = tools.filter(({ outputSchema }) => outputSchema === undefined);
    expect(unstructured.map(({ name }) => name)).toEqual(['get_file_content']);
  });
});
