import { describe, expect, test } from 'vitest';
import {
  errorBody,
  textOfLength,
  missingParameter,
  namedCases,
  metadataPairs,
  tooLong,
  type Case,
  unknownParameter,
  wrongType,
} from '../../support/bad-input.ts';
import { setup } from '../../support/engine.ts';

const efforts = "'none', 'minimal', 'low', 'medium', 'high', 'xhigh', and 'max'";
const model = 'gpt-4.1-mini';
const fn = (fields: object) => ({ model, tools: [{ type: 'function', function: fields }] });

const assistants: Case[] = [
  [{}, ...missingParameter('model')],
  [{ model: 5 }, wrongType('model', 'a string', 'an integer'), 'model', 'invalid_type'],
  [{ model: null }, wrongType('model', 'a string', 'null'), 'model', 'invalid_type'],
  [
    { model: '' },
    "Invalid 'model': empty string. Expected a string with minimum length 1, but got an empty string instead.",
    'model',
    'empty_string',
  ],
  [{ model, files: [] }, ...unknownParameter('files')],
  [
    { model, file_ids: 'file-a' },
    wrongType('file_ids', 'an array', 'a string'),
    'file_ids',
    'invalid_type',
  ],
  [{ model, tools: [{ type: 'code_interpreter', x: 1 }] }, ...unknownParameter('tools[0].x')],
  [
    { model, name: textOfLength(257) },
    tooLong('name', 256, 257),
    'name',
    'string_above_max_length',
  ],
  [{ model, name: '😀'.repeat(257) }, tooLong('name', 256, 257), 'name', 'string_above_max_length'],
  [
    { model, description: textOfLength(513) },
    tooLong('description', 512, 513),
    'description',
    'string_above_max_length',
  ],
  [
    { model, instructions: textOfLength(256_001) },
    tooLong('instructions', 256_000, 256_001),
    'instructions',
    'string_above_max_length',
  ],
  [{ model, tools: {} }, wrongType('tools', 'an array', 'an object'), 'tools', 'invalid_type'],
  [
    { model, tools: Array.from({ length: 129 }, () => ({ type: 'file_search' })) },
    "Invalid 'tools': array too long. Expected an array with maximum length 128, but got an array with length 129 instead.",
    'tools',
    'array_above_max_length',
  ],
  [
    { model, tools: [{ type: 'retrieve' }] },
    "Invalid value: 'retrieve'. Supported values are: 'code_interpreter', 'file_search', and 'function'.",
    'tools[0].type',
    'invalid_value',
  ],
  [{ model, tools: [{ type: 'retrieval', x: 1 }] }, ...unknownParameter('tools[0].x')],
  [{ model, tools: [{}] }, ...missingParameter('tools[0].type')],
  [{ model, tools: [{ type: 'function' }] }, ...missingParameter('tools[0].function')],
  [fn({}), ...missingParameter('tools[0].function.name')],
  [
    fn({ name: textOfLength(65) }),
    tooLong('tools[0].function.name', 64, 65),
    'tools[0].function.name',
    'string_above_max_length',
  ],
  [
    fn({ name: 'a b' }),
    "Invalid 'tools[0].function.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.",
    'tools[0].function.name',
    'invalid_value',
  ],
  [
    fn({ name: 'a', parameters: [] }),
    wrongType('tools[0].function.parameters', 'an object', 'an array'),
    'tools[0].function.parameters',
    'invalid_type',
  ],
  [
    fn({ name: 'a', strict: 'yes' }),
    wrongType('tools[0].function.strict', 'a boolean', 'a string'),
    'tools[0].function.strict',
    'invalid_type',
  ],
  [
    { model, tools: [{ type: 'file_search', file_search: { max_num_results: 51 } }] },
    "Invalid 'tools[0].file_search.max_num_results': integer above maximum value. Expected a value <= 50, but got 51 instead.",
    'tools[0].file_search.max_num_results',
    'integer_above_max_value',
  ],
  [
    { model, temperature: 3 },
    "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 3 instead.",
    'temperature',
    'decimal_above_max_value',
  ],
  [
    { model, top_p: -0.1 },
    "Invalid 'top_p': decimal below minimum value. Expected a value >= 0, but got -0.1 instead.",
    'top_p',
    'decimal_below_min_value',
  ],
  [
    { model, temperature: 'hot' },
    wrongType('temperature', 'a decimal number', 'a string'),
    'temperature',
    'invalid_type',
  ],
  [
    { model, reasoning_effort: 'huge' },
    `Invalid value: 'huge'. Supported values are: ${efforts}.`,
    'reasoning_effort',
    'invalid_value',
  ],
  [
    { model, metadata: metadataPairs(17) },
    "Invalid 'metadata': too many properties. Expected an object with at most 16 properties, but got an object with 17 properties instead.",
    'metadata',
    'object_above_max_properties',
  ],
  [
    { model, metadata: { modified: true } },
    wrongType('metadata.modified', 'a string', 'a boolean'),
    'metadata.modified',
    'invalid_type',
  ],
  [
    { model, metadata: { k: textOfLength(513) } },
    tooLong('metadata.k', 512, 513),
    'metadata.k',
    'string_above_max_length',
  ],
  [
    { model, metadata: { [textOfLength(65)]: 'v' } },
    "Invalid property name in 'metadata': 'xxx...xxx' is too long. Expected a string with maximum length 64, but got a string with length 65 instead.",
    'metadata',
    'property_name_above_max_length',
  ],
  [
    { model, metadata: 'a' },
    wrongType('metadata', 'an object', 'a string'),
    'metadata',
    'invalid_type',
  ],
  [
    { model, response_format: { type: 'xml' } },
    "Invalid value: 'xml'. Supported values are: 'text', 'json_object', and 'json_schema'.",
    'response_format.type',
    'invalid_value',
  ],
  [
    { model, response_format: { type: 'json_schema' } },
    ...missingParameter('response_format.json_schema'),
  ],
  [
    { model, response_format: { type: 'json_schema', json_schema: {} } },
    ...missingParameter('response_format.json_schema.name'),
  ],
  [{ model, tool_resources: { retrieval: {} } }, ...unknownParameter('tool_resources.retrieval')],
  [
    { model, tool_resources: { code_interpreter: { file_ids: Array(21).fill('file-a') } } },
    "Invalid 'tool_resources.code_interpreter.file_ids': array too long. Expected an array with maximum length 20, but got an array with length 21 instead.",
    'tool_resources.code_interpreter.file_ids',
    'array_above_max_length',
  ],
  [
    { model, tool_resources: { file_search: { vector_store_ids: ['vs_1', 'vs_2'] } } },
    "Invalid 'tool_resources.file_search.vector_store_ids': array too long. Expected an array with maximum length 1, but got an array with length 2 instead.",
    'tool_resources.file_search.vector_store_ids',
    'array_above_max_length',
  ],
];

describe('POST /assistants', () => {
  test.each(namedCases(assistants))('answers 400: %s', async (_, invalid) => {
    const { request } = await setup();
    const { status, body } = await request('POST', '/assistants', invalid[0]);
    expect([status, body]).toEqual([400, errorBody(invalid)]);
  });
});
