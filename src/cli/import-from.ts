import type { Config } from '../config/config.ts';
import type { PullSession } from '../engine/transfer/pull/session.ts';
import { type Clock, unixSeconds } from '../shared/clock.ts';
import { importLocation, withDatabase } from './database-command.ts';
import { createPullDisplay } from './pull-progress.ts';
import { abortSignal, errorSentence, formatCounts, print, type Terminal } from './terminal.ts';
import { readThreadIds } from './thread-ids.ts';

export interface ImportFromParams extends Pick<
  Config,
  | 'apiKey'
  | 'apiVersion'
  | 'database'
  | 'dryRun'
  | 'files'
  | 'maxFile'
  | 'modelApi'
  | 'modelBaseUrl'
  | 'runLifetime'
> {
  /** The base URL of the server. */
  readonly from: string;
  /** What `--threads` names; null: all that the server lists. */
  readonly threads: readonly string[] | null;
  readonly clock: Clock;
}

const openaiUrl = 'https://api.openai.com/v1';

const goOn = 'What was imported stays. Run the same command again to go on.';

/** Whether the model endpoint is the server itself, so that it has the files under the same ids. */
const isModelEndpoint = ({ from, modelBaseUrl }: ImportFromParams): boolean =>
  URL.parse(from)?.origin === URL.parse(modelBaseUrl ?? openaiUrl)?.origin;

/** Whether the database keeps files, as far as the configuration alone says so. */
const isFileKeeper = ({ files, modelApi }: ImportFromParams): boolean =>
  files === 'local' || (files === 'auto' && modelApi === 'scripted');

/** Larger files have no copy beside the endpoint's. */
const maxCopyBytes = 64 * 2 ** 20;

/** What was imported and what was not, and why the import ended early, as lines. */
function report(
  { counts, kept, problems, options: { isDryRun } }: PullSession,
  from: string,
  failure: string | null,
): string[] {
  const lines = problems.lines();
  const isEmpty = kept === 0 && Object.values(counts).every((count) => count === 0);
  if (failure !== null && isEmpty && lines.length === 0) return [failure];
  const already = kept === 0 ? '' : ` ${kept} objects were there already.`;
  return [
    `${isDryRun ? 'Would import' : 'Imported'} ${formatCounts(counts)} from ${from}.${already}`,
    ...(lines.length === 0 ? [] : ['Not imported:', ...lines.map((line) => `- ${line}`)]),
    ...(failure === null ? [] : [isDryRun ? failure : `${failure} ${goOn}`]),
  ];
}

/** Opens the connection to the server; loads the SDK. */
async function connect(
  params: ImportFromParams,
  signal: AbortSignal,
  onWait: (waitMs: number, reason: string) => void,
) {
  const { from: baseURL, apiKey, apiVersion, clock } = params;
  const { createClient } = await import('../backend/openai-client.ts');
  const { createSource } = await import('../engine/transfer/pull/source.ts');
  const openai = createClient({ baseURL, apiKey, apiVersion, setting: '--from' });
  const secrets = apiKey === null ? [] : [apiKey];
  return createSource({ openai, clock, signal, secrets, onWait });
}

/** Imports from a server into a database. Resolves to the exit code. */
export async function runImportFrom(terminal: Terminal, params: ImportFromParams): Promise<number> {
  const { from: url, clock, dryRun: isDryRun, runLifetime: lifetime } = params;
  const { stderr } = terminal;
  const signal = abortSignal(terminal);
  const progress = createPullDisplay(stderr);
  const { openPullSession } = await import('../engine/transfer/pull/session.ts');
  const { pull } = await import('../engine/transfer/pull/pull.ts');
  const { openDatabase } = await import('../engine/store/open.ts');
  let session: PullSession | undefined;
  let failure: string | null = null;
  try {
    const threads = params.threads && readThreadIds(params.threads);
    const source = await connect(params, signal, (waitMs, reason) => progress.wait(waitMs, reason));
    const now = unixSeconds(clock);
    const keepsFiles = isFileKeeper(params);
    const copiesFiles = keepsFiles || !isModelEndpoint(params);
    const maxFileBytes = keepsFiles ? params.maxFile : maxCopyBytes;
    const files = { copiesFiles, keepsFiles, maxFileBytes };
    await withDatabase(openDatabase(importLocation(params.database, isDryRun)), async (db) => {
      const options = { db, source, url, threads, isDryRun, ...files, signal, progress };
      session = openPullSession({ ...options, now, lifetime });
      await pull(session);
    });
  } catch (error) {
    failure = signal.aborted ? 'Interrupted.' : errorSentence(error);
  }
  progress.end();
  const lines = session === undefined ? [`${failure}`] : report(session, url, failure);
  print(stderr, `${lines.join('\n')}\n`);
  const isComplete = session !== undefined && session.problems.lines().length === 0;
  return failure === null && isComplete ? 0 : 1;
}
