import type { Adaptation, SentRequest } from './adaptation.ts';
import type { Dialect, Omittable } from './dialect.ts';
import { historyAdaptations } from './history-adaptations.ts';
import { hostedTools, jsonFormatOf, type ModelRequest, usesHostedTools } from './model.ts';
import { isAbout, type Refusal } from './refusal.ts';

const searchesManyStores = ({ settings }: ModelRequest): boolean =>
  (settings.tool_resources.file_search?.vector_store_ids.length ?? 0) > 1;

const union = <T>(list: readonly T[], item: T): readonly T[] => [...new Set([...list, item])];

/** Leaves a parameter out that a refusal names. */
const omit = (
  name: Omittable,
  pattern: RegExp,
  mayOmit: (request: ModelRequest, sent: SentRequest) => boolean,
): Adaptation => ({
  label: `without ${name}`,
  recognizes: (refusal, sent) =>
    refusal.isUnsupported &&
    isAbout(refusal, pattern) &&
    !sent.dialect.omitted.includes(name) &&
    mayOmit(sent.request, sent),
  change: (dialect) => ({ ...dialect, omitted: union(dialect.omitted, name) }),
});

const formatPattern =
  /response[ _]?format|json[_ ]?(?:schema|object|mode)|text\.format|'text'|mime type|structured output/iu;

const jsonFormat: Adaptation = {
  label: 'with a weaker response_format',
  recognizes: (refusal, { request }) =>
    jsonFormatOf(request) !== null &&
    isAbout(refusal, formatPattern) &&
    (refusal.isUnsupported || /must be/iu.test(refusal.text)),
  change: (dialect, { request }, { text }) => {
    const format = jsonFormatOf(request);
    if (format === null) return dialect;
    const isForTools = request.settings.tools.length > 0 && /\btools?\b|function/iu.test(text);
    const key = isForTools ? 'refusedFormatsWithTools' : 'refusedFormats';
    return { ...dialect, [key]: union(dialect[key], format) };
  },
};

/** OpenAI's rule, at a relay to OpenAI. */
const jsonWord: Adaptation = {
  label: 'with the word JSON in the input',
  recognizes: ({ text }, { api }) =>
    api === 'responses' && /contain the word .{0,3}json/iu.test(text),
  change: (dialect) => ({ ...dialect, jsonReminderIn: 'input' }),
};

const toolChoice: Adaptation = {
  label: 'with a weaker tool_choice',
  recognizes: (refusal, { request: { settings } }) =>
    settings.tool_choice !== 'auto' &&
    settings.tool_choice !== 'none' &&
    refusal.isUnsupported &&
    isAbout(refusal, /tool[_ ]?choice|forces tool use/iu),
  change: (dialect, { request: { settings } }) => ({
    ...dialect,
    toolChoice: typeof settings.tool_choice === 'object' ? 'required' : 'auto',
  }),
};

const noToolChoice: Adaptation = {
  label: 'without functions that may not be called',
  recognizes: (refusal, { request: { settings } }) =>
    settings.tool_choice === 'none' &&
    settings.tools.length > 0 &&
    refusal.isUnsupported &&
    isAbout(refusal, /tool[_ ]?choice/iu),
  change: (dialect) => ({ ...dialect, acceptsNone: false }),
};

const reasoningContent: Adaptation = {
  label: 'with another reasoning_content',
  recognizes: ({ text }) => /reasoning_content/u.test(text),
  change: (dialect, sent) => ({ ...dialect, sendsReasoning: !sent.dialect.sendsReasoning }),
};

const searchTools: Adaptation = {
  label: 'with one file_search tool for each vector store',
  recognizes: ({ text }, { request, dialect }) =>
    /vector.store/iu.test(text) && searchesManyStores(request) && !dialect.splitsSearchTools,
  change: (dialect) => ({ ...dialect, splitsSearchTools: true }),
};

const encryptedReasoning: Adaptation = {
  label: 'without encrypted reasoning',
  recognizes: (refusal, { dialect }) =>
    isAbout(refusal, /encrypted|\binclude\b/iu) && dialect.sendsEncryptedReasoning,
  change: (dialect) => ({ ...dialect, sendsEncryptedReasoning: false }),
};

const hostedToolsRefused: Adaptation = {
  label: 'without hosted tools',
  recognizes: ({ text, isUnsupported }, { request, dropsHostedTools }) =>
    dropsHostedTools &&
    isUnsupported &&
    usesHostedTools(request) &&
    /file_search|code_interpreter|tool[_ ]types?|tools\[\d+\]|type of tool/iu.test(text),
  change: (dialect) => ({ ...dialect, omittedTools: hostedTools }),
};

const maxTokensPattern = /max[_ ](?:completion_|output_|new_)?tokens|maxTokens/u;

const maxTokensName: Adaptation = {
  label: 'with the other name of max_tokens',
  recognizes: (refusal, { request }) =>
    request.maxOutputTokens !== null && refusal.isUnsupported && isAbout(refusal, maxTokensPattern),
  change: (dialect, sent) => ({
    ...dialect,
    maxTokensParam:
      sent.dialect.maxTokensParam === 'max_tokens' ? 'max_completion_tokens' : 'max_tokens',
  }),
};

const topPBesideTemperature: Adaptation = {
  label: 'without top_p beside temperature',
  recognizes: ({ text, isUnsupported }, { request: { settings } }) =>
    settings.temperature !== null &&
    settings.top_p !== null &&
    isUnsupported &&
    /temperature/iu.test(text) &&
    /top[_-]?p\b/iu.test(text) &&
    /both|only one|together|simultaneous|mutually exclusive|at the same time/iu.test(text),
  change: (dialect) => ({ ...dialect, omitsTopPBesideTemperature: true }),
};

/** OpenAI streams some models only to verified organizations; Bedrock has models that call no functions in a stream. */
const streaming: Adaptation = {
  label: 'without streaming',
  recognizes: ({ text, isUnsupported }, { dialect }) =>
    !dialect.omitted.includes('stream') &&
    (/verified to stream/iu.test(text) || (isUnsupported && /\bstream(?:ing)?\b/iu.test(text))),
  change: (dialect) => ({ ...dialect, omitted: union(dialect.omitted, 'stream') }),
};

/** Keywords of JSON Schema that Gemini's older models do not know. */
const unknownKeyword = /unknown name \\*"([^"\\]{1,100})\\*" at '[^']{0,400}\bparameters\b/giu;

const schemaKeywords: Adaptation = {
  label: "without some keywords in functions' schemas",
  recognizes: ({ text }, { request }) =>
    request.settings.tools.length > 0 && text.search(unknownKeyword) >= 0,
  change: (dialect, _, { text }) => {
    const names = [...text.matchAll(unknownKeyword)].map(([, name = '']) => name);
    return { ...dialect, refusedKeywords: [...new Set([...dialect.refusedKeywords, ...names])] };
  },
};

/** Claude requires a type in the schema of every function. */
const parameterTypes: Adaptation = {
  label: "with a type in functions' schemas",
  recognizes: ({ text }, { request }) =>
    request.settings.tools.length > 0 &&
    /(?:input_schema|parameters)(?:\.type)?.{0,40}(?:required|missing)|missing.{0,40}parameters/iu.test(
      text,
    ),
  change: (dialect) => ({ ...dialect, fillsParameters: true }),
};

const systemRole: Adaptation = {
  label: 'with another role for the instructions',
  recognizes: ({ text }, { api }) =>
    api === 'chat' &&
    /\bsystem\b.{0,200}\b(?:role|messages?)\b|\brole\b.{0,200}\bsystem\b|(?:system|developer) (?:instruction|prompt)|roles? (?:must|should) alternate|only .{0,20}\buser\b.{0,20}\bassistant\b/iu.test(
      text,
    ),
  change: (dialect, { isOpenAI }) => ({ ...dialect, systemRole: isOpenAI ? 'developer' : 'user' }),
};

/** In the order in which they are tried: those that name less than others come later. */
const adaptations: readonly Adaptation[] = [
  schemaKeywords,
  reasoningContent,
  searchTools,
  encryptedReasoning,
  omit('include', /\binclude\b/iu, () => true),
  toolChoice,
  noToolChoice,
  jsonWord,
  jsonFormat,
  hostedToolsRefused,
  maxTokensName,
  topPBesideTemperature,
  omit('temperature', /temperature/iu, ({ settings }) => settings.temperature !== null),
  omit('top_p', /top[_-]?p\b/iu, ({ settings }) => settings.top_p !== null),
  omit(
    'parallel_tool_calls',
    /parallel[_ ]?tool[_ ]?calls?/iu,
    ({ settings }) => !settings.parallel_tool_calls,
  ),
  omit(
    'reasoning_effort',
    /\breasoning[_. ]?effort|["'`.]reasoning\b|(?:argument|field|parameter|property|supplied)s?: ?reasoning\b|\breasoning (?:is|value)\b|\bthink(?:ing| value)\b/iu,
    ({ settings }) => settings.reasoning_effort !== null,
  ),
  omit('stream_options', /stream[_ ]?options|include_usage/iu, () => true),
  omit(
    'store',
    /["'`.>] ?store\b|(?:argument|field|parameter|property|supplied)s?: ?store\b/iu,
    // OpenAI is never asked to store a response.
    (_request, { isOpenAI }) => !isOpenAI,
  ),
  omit('strict', /\bstrict\b/iu, ({ settings }) => settings.tools.length > 0),
  omit('max_completion_tokens', maxTokensPattern, (request) => request.maxOutputTokens !== null),
  streaming,
  parameterTypes,
  ...historyAdaptations,
  systemRole,
];

/** The first adaptation that the refusal asks for and that gives a request not tried yet. */
export const findAdaptation = (
  refusal: Refusal,
  sent: SentRequest,
  isTried: (dialect: Dialect) => boolean,
): Adaptation | undefined =>
  adaptations.find(
    ({ recognizes, change }) =>
      recognizes(refusal, sent) && !isTried(change(sent.dialect, sent, refusal)),
  );
