import * as z from 'zod';
import { logLevels } from './log.ts';
import { toolNames, toolsets } from './tools/toolset.ts';

// Compiled parsers pay off after thousands of calls, and cost every start of the program.
z.config({ jitless: true });

/** What people are told about an option: `--help`, the README and server.json say the same. */
export interface About {
  /** Without its dashes; null when the option is set by environment alone. */
  readonly flag: string | null;
  /** The names it goes by in the environment; the first that is set counts. */
  readonly env: readonly [string, ...string[]];
  /** Stands for the value in `--help`; null for a switch. */
  readonly value: string | null;
  readonly help: string;
  /** The default, in words. */
  readonly fallback: string;
  readonly secret?: true;
  /** The mode that the option belongs to; it has no effect in the other. */
  readonly mode?: 'embedded' | 'remote';
}

const about = z.registry<About>();

/** A sentence that goes on from the name of the flag or variable. */
const saying = (sentence: (given: string) => string) => ({
  error: ({ input }: { readonly input?: unknown }) => sentence(String(input)),
});

const webAddress = z
  .string()
  .refine((text) => /^https?:$/u.test(URL.parse(text)?.protocol ?? ''), {
    error: 'must be a URL that begins with https:// or http://.',
    abort: true,
  })
  .refine((text) => !/[?#]/u.test(text) && URL.parse(text)?.username === '', {
    error: 'must be a URL without query, fragment, user name or password.',
  });

const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .refine(
      (text) => /^\d{1,9}$/u.test(text) && Number(text) >= least && Number(text) <= most,
      saying((text) => `must be a whole number from ${least} to ${most}, not '${text}'.`),
    )
    .transform(Number);

const oneOf = <const T extends readonly [string, ...string[]]>(choices: T) => {
  const listed = `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`;
  return z.enum(
    choices,
    saying((text) => `must be ${listed}, not '${text}'.`),
  );
};

const isPostgres = (text: string) => /^postgres(?:ql)?:\/\//iu.test(text);

const toolsetChoice = `must be 'all' or some of ${toolsets.join(',')}`;

const toolsetList = z
  .string()
  .transform((text) => (text === 'all' ? [...toolsets] : text.split(/[\s,]+/u).filter(Boolean)))
  .pipe(
    z
      .array(
        z.enum(
          toolsets,
          saying((text) => `${toolsetChoice}; '${text}' is none of them.`),
        ),
      )
      .min(1, `${toolsetChoice}.`),
  );

/** Every option there is, in the order in which people read of them. */
export const settings = z.object({
  apiKey: z
    .string()
    .nullable()
    .default(null)
    .register(about, {
      flag: null,
      env: ['OPENAI_API_KEY', 'OPENAI_APIS_API_KEY'],
      value: null,
      help: 'Key for model calls, or for the remote server',
      fallback: 'none',
      secret: true,
    }),
  modelBaseUrl: webAddress
    .nullable()
    .default(null)
    .register(about, {
      flag: null,
      env: ['OPENAI_BASE_URL'],
      value: null,
      help: 'Model endpoint that runs are carried out on',
      fallback: "OpenAI's",
      mode: 'embedded',
    }),
  modelApi: oneOf(['responses', 'scripted'])
    .default('responses')
    .register(about, {
      flag: 'model-api',
      env: ['ASSISTANTS_MODEL_API'],
      value: 'NAME',
      help: '`responses`, or `scripted`: offline and deterministic, for trying things out',
      fallback: '`responses`',
      mode: 'embedded',
    }),
  model: z
    .string()
    .nullable()
    .default(null)
    .register(about, {
      flag: 'model',
      env: ['ASSISTANTS_MODEL'],
      value: 'NAME',
      help: 'Use this model whatever the assistant names, whose own may be retired',
      fallback: "the assistant's",
      mode: 'embedded',
    }),
  database: z
    .string()
    .refine((text) => !isPostgres(text), {
      error: "must be an SQLite file or ':memory:'; PostgreSQL is not supported yet.",
    })
    .register(about, {
      flag: 'database',
      env: ['ASSISTANTS_DATABASE'],
      value: 'FILE',
      help: 'SQLite file that holds everything, or `:memory:`',
      fallback: 'a file in the per-user data directory',
      mode: 'embedded',
    }),
  runLifetime: wholeNumber(1, 86_400)
    .default(600)
    .register(about, {
      flag: 'run-lifetime',
      env: ['ASSISTANTS_RUN_LIFETIME'],
      value: 'SECONDS',
      help: 'Seconds from the creation of a run until it expires',
      fallback: '`600`',
      mode: 'embedded',
    }),
  concurrency: wholeNumber(1, 1000)
    .default(16)
    .register(about, {
      flag: 'concurrency',
      env: ['ASSISTANTS_CONCURRENCY'],
      value: 'COUNT',
      help: 'Runs carried out at once',
      fallback: '`16`',
      mode: 'embedded',
    }),
  baseUrl: webAddress
    .nullable()
    .default(null)
    .register(about, {
      flag: 'base-url',
      env: ['ASSISTANTS_BASE_URL'],
      value: 'URL',
      help: 'Remote mode: use this Assistants-compatible server, as given (no `/v1` is added)',
      fallback: 'none: the embedded engine',
    }),
  apiVersion: z
    .string()
    .nullable()
    .default(null)
    .register(about, {
      flag: 'api-version',
      env: ['ASSISTANTS_API_VERSION'],
      value: 'VERSION',
      help: 'Remote mode: sent as query `api-version`, for Azure',
      fallback: 'none',
      mode: 'remote',
    }),
  toolsets: toolsetList.default([...toolsets]).register(about, {
    flag: 'toolsets',
    env: ['ASSISTANTS_TOOLSETS'],
    value: 'LIST',
    help: `Which tool groups are listed: \`all\`, or some of \`${toolsets.join(',')}\``,
    fallback: '`all`',
  }),
  readOnly: z
    .stringbool(saying((text) => `must be true or false, not '${text}'.`))
    .default(false)
    .register(about, {
      flag: 'read-only',
      env: ['ASSISTANTS_READ_ONLY'],
      value: null,
      help: 'List only the tools that change nothing',
      fallback: '`false`',
    }),
  toolNames: oneOf(toolNames)
    .default('default')
    .register(about, {
      flag: 'tool-names',
      env: ['ASSISTANTS_TOOL_NAMES'],
      value: 'NAMES',
      help: '`default`, or `capability`: eight tools under the names of the published capabilities',
      fallback: '`default`',
    }),
  logLevel: oneOf(logLevels)
    .default('info')
    .register(about, {
      flag: 'log-level',
      env: ['ASSISTANTS_LOG_LEVEL'],
      value: 'LEVEL',
      help: '`error`, `warn`, `info` or `debug`; the log goes to stderr',
      fallback: '`info`',
    }),
});

/** Every setting of the program, judged and complete. */
export type Config = Readonly<z.infer<typeof settings>>;

/** The options in reading order, with the name of each one's field in `Config`. */
export const options: readonly (About & { readonly field: string })[] = Object.entries(
  settings.shape,
).flatMap(([field, schema]) => {
  const facts = about.get(schema);
  return facts === undefined ? [] : [{ field, ...facts }];
});
