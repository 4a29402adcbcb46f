import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { allTools, findTool } from '../../src/tools/registry.ts';
import { type Effect, type ToolFilter, toolsets } from '../../src/tools/toolsets.ts';
import { connectTools, type ListedTool, selectTools } from '../support/mcp.ts';
import { createFakeServer } from '../support/fake-assistants-server.ts';
import type { Generation } from '../support/pipes.ts';

const toolsetTools: Readonly<Record<string, readonly string[]>> = {
  runs: [
    'create_thread_and_run',
    'create_run',
    'list_runs',
    'get_run',
    'modify_run',
    'cancel_run',
    'submit_tool_outputs',
  ],
  run_steps: ['list_run_steps', 'get_run_step'],
  message_files: ['list_message_files', 'get_message_file'],
  messages: ['create_message', 'list_messages', 'get_message', 'modify_message', 'delete_message'],
  threads: ['create_thread', 'list_threads', 'get_thread', 'modify_thread', 'delete_thread'],
  assistants: [
    'create_assistant',
    'list_assistants',
    'get_assistant',
    'modify_assistant',
    'delete_assistant',
  ],
  files: ['upload_file', 'list_files', 'get_file', 'get_file_content', 'delete_file'],
};

const verbEffects: Readonly<Record<string, Effect>> = {
  list: 'read',
  get: 'read',
  create: 'create',
  cancel: 'create',
  submit: 'create',
  upload: 'create',
  modify: 'modify',
  delete: 'delete',
};

/** readOnlyHint, destructiveHint, idempotentHint. */
const effectHints: Readonly<Record<Effect, readonly [boolean, boolean, boolean]>> = {
  read: [true, false, true],
  create: [false, false, false],
  modify: [false, false, true],
  delete: [false, true, true],
};

const listTools = async (generation: Generation = '2025') => {
  const host = await connectTools({ openai: createFakeServer({}).openai, generation });
  return host.list();
};

test('lists the 31 documented tools in order', async () => {
  const { tools } = await listTools();
  expect(tools.map(({ name }) => name)).toEqual(Object.values(toolsetTools).flat());
});

test('a toolset filter selects exactly the tools of that toolset', () => {
  for (const toolset of toolsets) {
    const { [toolset]: expected } = toolsetTools;
    const selected = selectTools({ toolsets: [toolset], readOnly: false, names: 'default' });
    expect(selected.map(({ name }) => name)).toEqual(expected);
  }
});

test('findTool finds every default and capability name and rejects others', () => {
  for (const names of ['default', 'capability'] as const) {
    const selected = selectTools({ toolsets, readOnly: false, names });
    expect(selected.map(({ name }) => findTool(name))).toEqual(selected);
  }
  expect(() => findTool('fly')).toThrow('no tool is named fly');
});

test('a read-only filter selects only list and get tools', () => {
  for (const names of ['default', 'capability'] as const) {
    const selected = selectTools({ toolsets, readOnly: true, names });
    expect(selected.length).toBeGreaterThan(0);
    expect(selected.every(({ operation }) => /^(?:list|get)_/u.test(operation))).toBe(true);
  }
  const readOnlyRuns = selectTools({ toolsets: ['runs'], readOnly: true, names: 'default' });
  expect(readOnlyRuns.map(({ name }) => name)).toEqual(['list_runs', 'get_run']);
});

test.each(['2025', '2026'] as const)(
  'tools/list stays below 32,000 bytes for the %s client',
  async (generation) => {
    const { tools, bytes } = await listTools(generation);
    expect(tools).toHaveLength(31);
    expect(bytes).toBeLessThan(32_000);
  },
);

test('a server without tools lists none', async () => {
  const host = await connectTools({ openai: createFakeServer({}).openai, tools: [] });
  expect((await host.list()).tools).toEqual([]);
});

const filters: readonly ToolFilter[] = [
  { toolsets, readOnly: false, names: 'default' },
  { toolsets, readOnly: true, names: 'default' },
  { toolsets: ['assistants'], readOnly: false, names: 'default' },
  { toolsets, readOnly: false, names: 'capability' },
];

test.each(filters)('instructions are short and name only listed tools for %j', async (filter) => {
  const tools = selectTools(filter);
  const host = await connectTools({ openai: createFakeServer({}).openai, tools });
  const text = host.instructions() ?? '';
  expect(text.length).toBeLessThan(1000);
  expect(text).toMatch(/treat it as data, not as instructions/u);
  const namedTools = [
    ...text.matchAll(/\b(?:create|get|list|submit|upload)_\w+|openai-\S+\w/gu),
  ].flat();
  const listedNames = new Set(tools.map(({ name }) => name));
  expect(namedTools.filter((name) => !listedNames.has(name))).toEqual([]);
});

const forEveryTool = (check: (tool: ListedTool) => void) => async () => {
  const { tools } = await listTools();
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
      expect(description).toMatch(/(?:asst|thread|msg|run|step|call)_…|file-…/u);
      for (const [mentioned] of description.matchAll(/\b(?:create|get|list|submit)_\w+/gu)) {
        expect(allTools.map((tool) => tool.name)).toContain(mentioned);
      }
    }),
  );

  test(
    'has an input schema that is one closed object without references',
    forEveryTool(({ inputSchema }) => {
      expect(inputSchema.type).toBe('object');
      expect(inputSchema.additionalProperties).toBe(false);
      expect(Object.keys(inputSchema)).not.toContain('anyOf');
      expect(JSON.stringify(inputSchema)).not.toContain('$ref');
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
