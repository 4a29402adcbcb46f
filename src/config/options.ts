import { type LogLevel, logLevels } from '../shared/log.ts';
import { defaultToolsets, type ToolNames, toolNames, type Toolset } from '../tools/toolsets.ts';
import { files, maxFile, maxFileStorage } from './file-options.ts';
import type { Option } from './option.ts';
import {
  anyText,
  boolean,
  databaseLocation,
  functionNameList,
  headerValue,
  httpUrl,
  integer,
  oneOf,
  parseModelMap,
  toolNameList,
  toolsetList,
} from './option-values.ts';

const apiKey: Option<string | null> = {
  flag: null,
  env: ['OPENAI_API_KEY', 'OPENAI_APIS_API_KEY'],
  value: null,
  help: 'API key for model calls, for the remote server or for `import --from`',
  defaultText: 'none',
  secret: true,
  parse: headerValue,
  default: null,
};

const modelBaseUrl: Option<string | null> = {
  flag: null,
  env: ['OPENAI_BASE_URL'],
  value: null,
  help: 'Base URL of the model endpoint that executes runs',
  defaultText: "OpenAI's",
  mode: 'embedded',
  parse: httpUrl,
  default: null,
};

const modelApis = ['auto', 'responses', 'chat', 'scripted'] as const;

const modelApi: Option<(typeof modelApis)[number]> = {
  flag: 'model-api',
  env: ['ASSISTANTS_MODEL_API'],
  value: 'NAME',
  help: '`responses`, `chat` (Chat Completions), `auto` (detects which of them the endpoint has) or `scripted` (offline and deterministic, for trying things out)',
  defaultText: '`auto`',
  mode: 'embedded',
  choices: modelApis,
  parse: oneOf(modelApis),
  default: 'auto',
};

const model: Option<string | null> = {
  flag: 'model',
  env: ['ASSISTANTS_MODEL'],
  value: 'NAME',
  help: 'Use this model instead of the one the assistant names',
  defaultText: "the assistant's",
  mode: 'embedded',
  parse: anyText,
  default: null,
};

const embeddingModel: Option<string | null> = {
  flag: 'embedding-model',
  env: ['ASSISTANTS_EMBEDDING_MODEL'],
  value: 'NAME',
  help: 'Search local vector stores also by meaning, with this embedding model of the endpoint',
  defaultText: 'none: by words',
  mode: 'embedded',
  parse: anyText,
  default: null,
};

const modelMap: Option<ReadonlyMap<string, string>> = {
  flag: 'model-map',
  env: ['ASSISTANTS_MODEL_MAP'],
  value: 'LIST',
  help: 'Replace old models by new ones, such as `gpt-4=gpt-4.1,gpt-4o=gpt-5.4`; `--model` overrides it',
  defaultText: 'none',
  mode: 'embedded',
  parse: parseModelMap,
  default: new Map(),
};

const hostedToolPolicies = ['refuse', 'drop'] as const;

const hostedTools: Option<(typeof hostedToolPolicies)[number]> = {
  flag: 'hosted-tools',
  env: ['ASSISTANTS_HOSTED_TOOLS'],
  value: 'POLICY',
  help: 'What becomes of runs whose `file_search` or `code_interpreter` the model endpoint lacks: `refuse` rejects them, `drop` runs them without the tools and lists these in `omitted_tools`',
  defaultText: '`refuse`',
  mode: 'embedded',
  choices: hostedToolPolicies,
  parse: oneOf(hostedToolPolicies),
  default: 'refuse',
};

const database: Option<string | null> = {
  flag: 'database',
  env: ['ASSISTANTS_DATABASE'],
  value: 'LOCATION',
  help: 'SQLite file, `:memory:` or `postgres://user@host/database`',
  defaultText: 'a file in the per-user data directory',
  mode: 'embedded',
  parse: databaseLocation,
  default: null,
};

const runLifetime: Option<number> = {
  flag: 'run-lifetime',
  env: ['ASSISTANTS_RUN_LIFETIME'],
  value: 'SECONDS',
  help: 'Seconds from the creation of a run until it expires',
  defaultText: '`600`',
  mode: 'embedded',
  parse: integer(1, 86_400),
  default: 600,
};

const modelTimeout: Option<number | null> = {
  flag: 'model-timeout',
  env: ['ASSISTANTS_MODEL_TIMEOUT'],
  value: 'SECONDS',
  help: 'Seconds without a byte from the model endpoint after which a model call is given up and made again',
  defaultText: 'never within the lifetime of the run',
  mode: 'embedded',
  parse: integer(1, 86_400),
  default: null,
};

const showReasoning: Option<boolean> = {
  flag: 'show-reasoning',
  env: ['ASSISTANTS_SHOW_REASONING'],
  value: null,
  help: "Keep a model's thinking, such as `<think>…</think>`, in the text of messages; never sent by OpenAI",
  defaultText: '`false`',
  mode: 'embedded',
  parse: boolean,
  default: false,
};

const concurrency: Option<number> = {
  flag: 'concurrency',
  env: ['ASSISTANTS_CONCURRENCY'],
  value: 'COUNT',
  help: 'Maximum number of runs that execute at once',
  defaultText: '`16`',
  mode: 'embedded',
  parse: integer(1, 1000),
  default: 16,
};

const baseUrl: Option<string | null> = {
  flag: 'base-url',
  env: ['ASSISTANTS_BASE_URL'],
  value: 'URL',
  help: 'Remote mode: URL of an Assistants-compatible server, used as is (no `/v1` is added)',
  defaultText: 'the embedded engine',
  parse: httpUrl,
  default: null,
};

const apiVersion: Option<string | null> = {
  flag: 'api-version',
  env: ['ASSISTANTS_API_VERSION'],
  value: 'VERSION',
  help: 'Remote mode and `import --from`: value of the query parameter `api-version`, for Azure',
  defaultText: 'none',
  mode: 'remote',
  parse: anyText,
  default: null,
};

const toolsetsOption: Option<readonly Toolset[]> = {
  flag: 'toolsets',
  env: ['ASSISTANTS_TOOLSETS'],
  value: 'LIST',
  help: `Tool groups to list: \`all\`, or some of \`${defaultToolsets.join(',')}\`; \`vector_stores\` only if named`,
  defaultText: '`all`',
  parse: toolsetList,
  default: defaultToolsets,
};

const tools: Option<readonly string[] | null> = {
  flag: 'tools',
  env: ['ASSISTANTS_TOOLS'],
  value: 'LIST',
  help: 'List only these tools of the toolsets, such as `create_run,get_run`',
  defaultText: 'all tools of the toolsets',
  parse: toolNameList,
  default: null,
};

const excludeTools: Option<readonly string[]> = {
  flag: 'exclude-tools',
  env: ['ASSISTANTS_EXCLUDE_TOOLS'],
  value: 'LIST',
  help: 'Do not list these tools, such as `delete_thread,delete_file`',
  defaultText: 'none',
  parse: toolNameList,
  default: [],
};

const readOnly: Option<boolean> = {
  flag: 'read-only',
  env: ['ASSISTANTS_READ_ONLY'],
  value: null,
  help: 'List only tools that change nothing, whatever the other tool options say; execute no runs; `serve` also refuses REST requests other than GET and HEAD; `import` and `prune` do not run',
  defaultText: '`false`',
  parse: boolean,
  default: false,
};

const askPerson: Option<readonly string[]> = {
  flag: 'ask-person',
  env: ['ASSISTANTS_ASK_PERSON'],
  value: 'LIST',
  help: 'Functions of assistants whose outputs the person gives in a form, such as `approve_refund`, where the MCP host can show one',
  defaultText: 'none',
  parse: functionNameList,
  default: [],
};

const toolNamesOption: Option<ToolNames> = {
  flag: 'tool-names',
  env: ['ASSISTANTS_TOOL_NAMES'],
  value: 'NAMES',
  help: '`default`, or `capability`: only the eight tools of the published capability specs, under the names used there',
  defaultText: '`default`',
  choices: toolNames,
  parse: oneOf(toolNames),
  default: 'default',
};

const logLevel: Option<LogLevel> = {
  flag: 'log-level',
  env: ['ASSISTANTS_LOG_LEVEL'],
  value: 'LEVEL',
  help: 'Log level: `error`, `warn`, `info` or `debug`; the log goes to stderr',
  defaultText: '`info`',
  choices: logLevels,
  parse: oneOf(logLevels),
  default: 'info',
};

/** The options of all commands, in the order in which the help lists them. */
export const sharedOptions = {
  apiKey,
  modelBaseUrl,
  modelApi,
  model,
  modelMap,
  embeddingModel,
  hostedTools,
  files,
  maxFile,
  maxFileStorage,
  database,
  runLifetime,
  modelTimeout,
  showReasoning,
  concurrency,
  baseUrl,
  apiVersion,
  toolsets: toolsetsOption,
  tools,
  excludeTools,
  readOnly,
  toolNames: toolNamesOption,
  askPerson,
  logLevel,
};
