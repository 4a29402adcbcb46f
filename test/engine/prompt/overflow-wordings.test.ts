import { expect, test } from 'vitest';
import { messageCounts, rejection, runAfter } from '../../support/long-threads.ts';

/** Error messages of real servers with a window of 8192 tokens. */
const wordings: readonly (readonly [server: string, message: string, error?: object])[] = [
  [
    'OpenAI, Chat Completions',
    "This model's maximum context length is 8192 tokens. However, your messages resulted in 20503 tokens. Please reduce the length of the messages.",
    { code: 'context_length_exceeded' },
  ],
  [
    'OpenAI, gpt-5',
    'Input tokens exceed the configured limit of 8192 tokens. Your messages resulted in 20503 tokens. Please reduce the length of the messages.',
  ],
  [
    'vLLM',
    "This model's maximum context length is 8,192 tokens. However, you requested 0 output tokens and your prompt contains at least 8193 input tokens.",
    { code: 400 },
  ],
  [
    'vLLM, the prompt alone',
    'The decoder prompt (length 20503) is longer than the maximum model length of 8192. Make sure that `max_model_len` is no smaller than the number of text tokens.',
  ],
  [
    'llama.cpp',
    'request (20503 tokens) exceeds the available context size (8192 tokens), try increasing it',
    { code: 400, type: 'exceed_context_size_error' },
  ],
  [
    'llama.cpp, earlier',
    'the request exceeds the available context size. try increasing the context size or enable context shift',
    { n_ctx: 8192, type: 'exceed_context_size_error' },
  ],
  [
    'LM Studio',
    'Trying to keep the first 20503 tokens when context the overflows. However, the model is loaded with context length of only 8192 tokens, which is not enough.',
  ],
  [
    'OpenRouter',
    "This endpoint's maximum context length is 8192 tokens. However, you requested about 20503 tokens (20503 of text input).",
  ],
  ['SGLang', "The input (20503 tokens) is longer than the model's context length (8192 tokens)."],
  [
    'Mistral',
    'Prompt contains 20503 tokens and 0 draft tokens, too large for model with 8192 maximum context length',
  ],
  ['xAI', "This model's maximum prompt length is 8192 but the request contains 20503 tokens."],
  ['Google', 'The input token count (20503) exceeds the maximum number of tokens allowed (8192).'],
  ['Anthropic', 'prompt is too long: 20503 tokens > 8192 maximum'],
  ['Moonshot', 'Your request exceeded model token limit: 8192 (requested: 20503)'],
  [
    'Anthropic, with the answer',
    'input length and max_tokens exceed context limit: 20503 + 4096 > 8192, decrease input length or max_tokens and try again',
  ],
  [
    'Vertex',
    'Unable to submit request because the input token count is 20503 but model only supports up to 8192.',
  ],
  ['Poolside', 'Input length 20503 exceeds the maximum allowed input length of 8192 tokens.'],
  ['behind a router', "Input length (20503) exceeds model's maximum context length (8192)."],
  ['llama-cpp-python', 'Requested tokens (20503) exceed context window of 8192'],
  [
    'DeepSeek',
    "This model's maximum context length is 8192 tokens. However, you requested 20503 tokens (16407 in the messages, 4096 in the completion). Please reduce the length of the messages or completion.",
    { code: 'invalid_request_error', type: 'invalid_request_error' },
  ],
  [
    'Text Generation Inference',
    'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8192. Given: 20503 `inputs` tokens and 30 `max_new_tokens`',
    { type: 'validation' },
  ],
  ['Together', 'Input validation error: `inputs` must have less than 8192 tokens. Given: 20503'],
  [
    'Cohere',
    'too many tokens: total number of tokens (prompt and prediction) cannot exceed 8192 - received 20503. Try using a shorter prompt or a smaller max_tokens value.',
  ],
  ['GitHub Copilot', 'prompt token count of 20503 exceeds the limit of 8192'],
  [
    'GitHub Models',
    'Request body too large for gpt-5-mini model. Max size: 8192 tokens.',
    { code: 'tokens_limit_reached' },
  ],
  [
    'DashScope',
    '<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 8192]',
    { code: 'invalid_parameter_error' },
  ],
  ['oMLX', 'Prompt too long: 20503 tokens exceeds max context window of 8192 tokens'],
  [
    'vLLM, with a small answer',
    "'max_tokens' or 'max_completion_tokens' is too large: 1000. This model's maximum context length is 8192 tokens and your request has 7900 input tokens (1000 > 8192 - 7900).",
  ],
  [
    'LiteLLM, around Vertex',
    `litellm.BadRequestError: VertexAIException BadRequestError - b'{\\n  "error": {\\n    "code": 400,\\n    "message": "The input token count (20503) exceeds the maximum number of tokens allowed (8192).",\\n    "status": "INVALID_ARGUMENT"\\n  }\\n}\\n'`,
  ],
  [
    'OpenRouter, around Mistral',
    'Provider returned error',
    {
      code: 400,
      metadata: {
        raw: '{"object":"error","message":"Prompt contains 20503 tokens, too large for model with 8192 maximum context length","type":"invalid_request_prompt","code":"3051"}',
        provider_name: 'Mistral',
      },
    },
  ],
  ['DS4', 'Prompt has 20503 tokens, but the configured context size is 8192 tokens'],
  ['rkllama', 'Prompt is 20503 tokens but the model context window is 8192 tokens.'],
  ['without "of"', 'Input length 20503 exceeds the model context length 8192.'],
  [
    'vLLM, V1',
    'The prompt (total length 20503) is too long to fit into the model (context length 8192).',
  ],
  [
    'SGLang, later',
    'Input length (20503 tokens) exceeds the maximum allowed length (8192 tokens). Use a shorter input.',
  ],
  ['TensorRT-LLM', 'Prompt length (20503) exceeds maximum input length (8192).'],
  ['Fireworks', 'The prompt is too long: 20503, model maximum context length: 8192'],
  [
    'Cloudflare',
    'The estimated number of input and maximum output tokens (20503) exceeded this model context window limit (8192).',
  ],
  [
    'Cerebras',
    'Please reduce the length of the messages or completion. Current length is 20503 while limit is 8192',
  ],
  ['TabbyAPI', 'Prompt length 20503 is greater than max_seq_len 8192'],
  ['GLM', 'The number of tokens in request more than max tokens allowed (8192).'],
  [
    'with a max_seq_len',
    'Prompt too long: 20503 tokens exceeds max_seq_len 8192 (leave room for output tokens)',
  ],
];

const withStatedWindow = wordings.map(([server, message, error]) => ({ server, message, error }));

test.each(withStatedWindow)(
  '$server: the window is read from the error',
  async ({ message, error }) => {
    const { harness, run } = await runAfter([rejection(message, error), {}]);
    expect(run).toMatchObject({ status: 'completed', last_error: null });
    expect(messageCounts(harness)).toEqual([100, 29]);
  },
);

test.each([
  ['llama.cpp in its response', 'Context size has been exceeded.', 500],
  [
    'LM Studio',
    'The number of tokens to keep from the initial prompt is greater than the context length. Try to load the model with a larger context length, or provide a shorter input',
    400,
  ],
  ['Ollama', 'prompt too long; exceeded max context length by 12311 tokens', 400],
  ['Bedrock', 'Input is too long for requested model.', 400],
  [
    'Bedrock, through a gateway',
    'The model returned the following errors: Input is too long for requested model.',
    500,
  ],
  ['GLM', 'Prompt exceeds max length', 400],
  ['GLM, in Chinese', '输入长度超过模型的最大长度', 400],
  ['Nova', 'Input Tokens Exceeded: Number of input tokens exceeds maximum length.', 400],
  // The number is what is too much.
  ['MiniMax', 'invalid params, context window exceeds limit (2013)', 400],
  ['OpenAI, gpt-5.5', "Your input exceeds the model's context window.", 400],
  ['vLLM, without room', 'max_tokens must be at least 1, got -12311.', 400],
  ['a proxy', '<html><h1>413 Request Entity Too Large</h1></html>', 413],
  ['LiteLLM', 'litellm.ContextWindowExceededError: it is too much', 400],
  ['Groq', 'Please reduce the length of the messages or completion. context_length_exceeded', 413],
] as const)('%s: the window is estimated', async (_, message, status) => {
  const { harness, run } = await runAfter([rejection(message, {}, status), {}]);
  expect(run).toMatchObject({ status: 'completed', last_error: null });
  expect(messageCounts(harness)).toEqual([100, 49]);
});

test.each([
  ['another error in the prompt', rejection('Invalid image.', { code: 'invalid_image' })],
  [
    'a quota',
    rejection(
      'Request too large: limit 8192 tokens per minute.',
      { code: 'insufficient_quota' },
      429,
    ),
  ],
  [
    'a limit of the answer',
    rejection(
      'max_tokens is too large: 20503. This model supports at most 4096 completion tokens, whereas you provided 20503.',
    ),
  ],
  [
    'an answer larger than the window',
    rejection(
      "'max_tokens' or 'max_completion_tokens' is too large: 20503. This model's maximum context length is 8192 tokens and your request has 500 input tokens (20503 > 8192 - 500).",
    ),
  ],
  [
    "Bedrock's limit of the answer",
    rejection(
      'The maximum tokens you requested exceeds the model limit of 2048. Try again with a maximum tokens value that is lower than 2048.',
    ),
  ],
  [
    'a range of max_tokens',
    rejection('Invalid max_tokens value, the valid range of max_tokens is [1, 8192]'),
  ],
  [
    "Groq's tokens per minute",
    rejection(
      'Request too large for model `openai/gpt-oss-120b` in organization `org_1` service tier `on_demand` on tokens per minute (TPM): Limit 8000, Requested 20503, please reduce your message size and try again.',
      { code: 'rate_limit_exceeded', type: 'tokens' },
      413,
    ),
  ],
  [
    'a length that a sentence mentions',
    rejection(
      "Invalid 'tools[0].function.description': string too long. Expected a maximum length of 1024.",
    ),
  ],
])('%s is not treated as a long prompt', async (_, turn) => {
  const { harness, run } = await runAfter([turn]);
  expect(run.status).toBe('failed');
  expect(harness.upstream.requests).toHaveLength(1);
});
