import * as z from 'zod';

const id = (prefix: string) => z.string().startsWith(`${prefix}_`).optional();
const detail = z.enum(['auto', 'low', 'high', 'original']);

const inputPart = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('input_text'), text: z.string() }),
  z.strictObject({
    type: z.literal('input_image'),
    detail,
    image_url: z.string().nullable().optional(),
    file_id: z.string().nullable().optional(),
  }),
  z.strictObject({ type: z.literal('input_file'), file_id: z.string() }),
]);

const outputPart = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('output_text'),
    text: z.string(),
    annotations: z.array(z.unknown()).optional(),
    logprobs: z.array(z.unknown()).optional(),
  }),
  z.strictObject({ type: z.literal('refusal'), refusal: z.string() }),
]);

const message = z.discriminatedUnion('role', [
  z.strictObject({
    type: z.literal('message').optional(),
    role: z.enum(['user', 'system', 'developer']),
    content: z.union([z.string(), z.array(inputPart).min(1)]),
  }),
  z.strictObject({
    type: z.literal('message').optional(),
    id: id('msg'),
    role: z.literal('assistant'),
    content: z.union([z.string(), z.array(outputPart)]),
    status: z.enum(['in_progress', 'completed', 'incomplete']).optional(),
    phase: z.enum(['commentary', 'final_answer']).nullable().optional(),
  }),
]);

const inputItem = z.union([
  message,
  z.discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('function_call'),
      id: id('fc'),
      call_id: z.string().min(1),
      name: z.string().min(1),
      arguments: z.string(),
      status: z.enum(['in_progress', 'completed', 'incomplete']).optional(),
    }),
    z.strictObject({
      type: z.literal('function_call_output'),
      id: id('fc'),
      call_id: z.string().min(1),
      output: z.string(),
    }),
    z.strictObject({
      type: z.literal('reasoning'),
      id: z.string().startsWith('rs_'),
      summary: z.array(z.unknown()),
      encrypted_content: z.string().nullable().optional(),
      content: z.array(z.unknown()).optional(),
      status: z.enum(['in_progress', 'completed', 'incomplete']).optional(),
    }),
    z.strictObject({
      type: z.literal('code_interpreter_call'),
      id: z.string().startsWith('ci_'),
      code: z.string().nullable(),
      container_id: z.string().startsWith('cntr_'),
      outputs: z.array(z.unknown()).nullable(),
      status: z.enum(['in_progress', 'completed', 'incomplete', 'interpreting', 'failed']),
    }),
    z.strictObject({
      type: z.literal('file_search_call'),
      id: z.string().startsWith('fs_'),
      queries: z.array(z.string()),
      results: z.array(z.unknown()).nullable().optional(),
      status: z.enum(['in_progress', 'searching', 'completed', 'incomplete', 'failed']),
    }),
    z.strictObject({
      type: z.literal('web_search_call'),
      id: z.string().startsWith('ws_'),
      action: z.unknown(),
      status: z.enum(['in_progress', 'searching', 'completed', 'failed']),
    }),
  ]),
]);

const functionTool = z.strictObject({
  type: z.literal('function'),
  name: z.string().max(64),
  description: z.string().nullable().optional(),
  parameters: z.record(z.string(), z.unknown()),
  strict: z.boolean().optional(),
});

const fileSearchTool = z.strictObject({
  type: z.literal('file_search'),
  vector_store_ids: z.array(z.string()).min(1),
  max_num_results: z.int().min(1).max(50).optional(),
  ranking_options: z
    .strictObject({
      ranker: z.enum(['auto', 'default-2024-11-15']).optional(),
      score_threshold: z.number().min(0).max(1).optional(),
    })
    .optional(),
});

const codeInterpreterTool = z.strictObject({
  type: z.literal('code_interpreter'),
  container: z.union([
    z.string().startsWith('cntr_'),
    z.strictObject({ type: z.literal('auto'), file_ids: z.array(z.string()).optional() }),
  ]),
});

const tool = z.discriminatedUnion('type', [functionTool, fileSearchTool, codeInterpreterTool]);

const name = z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/u);

const textFormat = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('json_object') }),
  z.strictObject({
    type: z.literal('json_schema'),
    name,
    schema: z.record(z.string(), z.unknown()),
    strict: z.boolean().nullable().optional(),
    description: z.string().optional(),
  }),
]);

/** Body of `POST /responses`, limited to what the engine may send. */
export const responsesRequest = z.strictObject({
  model: z.string().min(1),
  input: z.array(inputItem),
  instructions: z.string().nullable().optional(),
  tools: z.array(tool).optional(),
  tool_choice: z
    .union([
      z.enum(['none', 'auto', 'required']),
      z.strictObject({ type: z.literal('function'), name }),
      z.strictObject({ type: z.enum(['file_search', 'code_interpreter']) }),
    ])
    .optional(),
  parallel_tool_calls: z.boolean().nullable().optional(),
  max_output_tokens: z.int().min(16).nullable().optional(),
  temperature: z.number().min(0).max(2).nullable().optional(),
  top_p: z.number().min(0).max(1).nullable().optional(),
  reasoning: z
    .strictObject({
      effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']),
    })
    .nullable()
    .optional(),
  text: z.strictObject({ format: textFormat.optional() }).optional(),
  metadata: z.record(z.string().max(64), z.string().max(512)).nullable().optional(),
  include: z
    .array(
      z.enum([
        'file_search_call.results',
        'code_interpreter_call.outputs',
        'reasoning.encrypted_content',
      ]),
    )
    .nullable()
    .optional(),
  store: z.boolean().nullable().optional(),
  stream: z.literal(true),
  prompt_cache_key: z.string().max(64).optional(),
  safety_identifier: z.string().max(64).optional(),
  truncation: z.enum(['auto', 'disabled']).nullable().optional(),
});

export type ResponsesRequest = z.infer<typeof responsesRequest>;
export type InputItem = z.infer<typeof inputItem>;
