import { textOfLength, metadataPairs, tooLong } from '../support/bad-input.ts';
import type { Row } from '../support/catalogue.ts';

/* The rows of contract §2.2 that need no run: missing objects and invalid requests. */

const assistants = (body: unknown): Row[2] => ['POST', '/assistants', body];

const wrongValues: [value: unknown, word: string][] = [
  [true, 'a boolean'],
  [null, 'null'],
  [1, 'an integer'],
  [1.5, 'a decimal number'],
  [{}, 'an object'],
  [[], 'an array'],
];

export const missingObjects: Row[] = [
  [
    3,
    'an unknown thread',
    ['GET', '/threads/thread_x'],
    [404, "No thread found with id 'thread_x'."],
  ],
  [
    4,
    'an unknown assistant',
    ['GET', '/assistants/asst_x'],
    [404, "No assistant found with id 'asst_x'."],
  ],
  [
    4,
    'a run of an unknown assistant',
    ['POST', '/threads/T/runs', { assistant_id: 'asst_x' }],
    [404, "No assistant found with id 'asst_x'."],
  ],
  [
    5,
    'an unknown step',
    ['GET', '/threads/T/runs/R/steps/step_x'],
    [404, "No run step found with id 'step_x'."],
    'queued',
  ],
  [6, 'an unknown run', ['GET', '/threads/T/runs/run_x'], [404, "No run found with id 'run_x'."]],
  [
    7,
    'an unknown message',
    ['GET', '/threads/T/messages/msg_x'],
    [404, "No message found with id 'msg_x'."],
  ],
];

const malformed = (value: string, name: string, prefix: string): Row[3] => [
  400,
  `Invalid '${name}': '${value}'. Expected an ID that begins with '${prefix}'.`,
  name,
  'invalid_value',
];

export const invalidPaths: Row[] = [
  [
    9,
    'a malformed thread id',
    ['GET', '/threads/undefined'],
    malformed('undefined', 'thread_id', 'thread'),
  ],
  [
    10,
    'a malformed assistant id',
    ['GET', '/assistants/2'],
    malformed('2', 'assistant_id', 'asst'),
  ],
  [11, 'a malformed run id', ['GET', '/threads/T/runs/x'], malformed('x', 'run_id', 'run')],
  [
    11,
    'a malformed message id',
    ['GET', '/threads/T/messages/x'],
    malformed('x', 'message_id', 'msg'),
  ],
  [
    11,
    'a malformed step id',
    ['GET', '/threads/T/runs/R/steps/x'],
    malformed('x', 'step_id', 'step'),
    'queued',
  ],
  [40, 'an unknown URL', ['GET', '/x'], [404, 'Invalid URL (GET /v1/x)']],
];

export const invalidValues: Row[] = [
  [
    12,
    'a missing field',
    ['POST', '/threads/T/runs', {}],
    [
      400,
      "Missing required parameter: 'assistant_id'.",
      'assistant_id',
      'missing_required_parameter',
    ],
  ],
  [
    13,
    'an unknown field',
    assistants({ model: 'm', x: 1 }),
    [400, "Unknown parameter: 'x'.", 'x', 'unknown_parameter'],
  ],
  [
    13,
    'an unknown nested field',
    assistants({ model: 'm', tools: [{ type: 'code_interpreter', x: 1 }] }),
    [400, "Unknown parameter: 'tools[0].x'.", 'tools[0].x', 'unknown_parameter'],
  ],
  ...wrongValues.map(([modified, word]): Row => [
    14,
    `${word} in place of a string`,
    ['POST', '/threads', { metadata: { modified } }],
    [
      400,
      `Invalid type for 'metadata.modified': expected a string, but got ${word} instead.`,
      'metadata.modified',
      'invalid_type',
    ],
  ]),
  [
    15,
    'an invalid value of two',
    ['POST', '/threads/T/messages', { role: 'human', content: 'Hi.' }],
    [
      400,
      "Invalid value: 'human'. Supported values are: 'user' and 'assistant'.",
      'role',
      'invalid_value',
    ],
  ],
  [
    16,
    'an invalid value of several',
    assistants({ model: 'm', tools: [{ type: 'x' }] }),
    [
      400,
      "Invalid value: 'x'. Supported values are: 'code_interpreter', 'file_search', and 'function'.",
      'tools[0].type',
      'invalid_value',
    ],
  ],
  [
    17,
    'too many metadata pairs',
    ['POST', '/threads', { metadata: metadataPairs(17) }],
    [
      400,
      "Invalid 'metadata': too many properties. Expected an object with at most 16 properties, but got an object with 17 properties instead.",
      'metadata',
      'object_above_max_properties',
    ],
  ],
  [
    18,
    'a long metadata value',
    ['POST', '/threads', { metadata: { k: textOfLength(513) } }],
    [400, tooLong('metadata.k', 512, 513), 'metadata.k', 'string_above_max_length'],
  ],
  [
    19,
    'a long metadata key',
    ['POST', '/threads', { metadata: { [textOfLength(65)]: 'v' } }],
    [
      400,
      "Invalid property name in 'metadata': 'xxx...xxx' is too long. Expected a string with maximum length 64, but got a string with length 65 instead.",
      'metadata',
      'property_name_above_max_length',
    ],
  ],
  [
    20,
    'long content',
    ['POST', '/threads/T/messages', { role: 'user', content: textOfLength(256_001) }],
    [400, tooLong('content', 256_000, 256_001), 'content', 'string_above_max_length'],
  ],
  [
    21,
    'long instructions',
    assistants({ model: 'm', instructions: textOfLength(256_001) }),
    [400, tooLong('instructions', 256_000, 256_001), 'instructions', 'string_above_max_length'],
  ],
  [
    22,
    'a long array',
    assistants({ model: 'm', tools: Array.from({ length: 129 }, () => ({ type: 'x' })) }),
    [
      400,
      "Invalid 'tools': array too long. Expected an array with maximum length 128, but got an array with length 129 instead.",
      'tools',
      'array_above_max_length',
    ],
  ],
  [
    23,
    'an empty array',
    ['POST', '/threads/T/messages', { role: 'user', content: [] }],
    [
      400,
      "Invalid 'content': empty array. Expected an array with minimum length 1, but got an empty array instead.",
      'content',
      'empty_array',
    ],
  ],
  [
    24,
    'an integer that is too large',
    ['GET', '/assistants?limit=101'],
    [
      400,
      "Invalid 'limit': integer above maximum value. Expected a value <= 100, but got 101 instead.",
      'limit',
      'integer_above_max_value',
    ],
  ],
  [
    25,
    'an integer that is too small',
    ['GET', '/assistants?limit=0'],
    [
      400,
      "Invalid 'limit': integer below minimum value. Expected a value >= 1, but got 0 instead.",
      'limit',
      'integer_below_min_value',
    ],
  ],
  [
    26,
    'a decimal that is too large',
    assistants({ model: 'm', temperature: 3 }),
    [
      400,
      "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 3 instead.",
      'temperature',
      'decimal_above_max_value',
    ],
  ],
  [
    26,
    'a decimal that is too small',
    assistants({ model: 'm', top_p: -0.5 }),
    [
      400,
      "Invalid 'top_p': decimal below minimum value. Expected a value >= 0, but got -0.5 instead.",
      'top_p',
      'decimal_below_min_value',
    ],
  ],
  [
    39,
    'invalid JSON',
    assistants('{"model":'),
    [
      400,
      'We could not parse the JSON body of your request. (HINT: This likely means you aren’t using your HTTP library correctly. The API expects a JSON payload, but what was sent was not valid JSON.)',
    ],
  ],
];
