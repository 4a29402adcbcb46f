import { type Database, decode, type Usage } from './schema.ts';

/** One stored model call of a run; together they are the transcript that the next call continues. */
export interface Turn {
  readonly items: readonly unknown[];
  /** The outputs submitted for this turn's function calls; null until then. */
  readonly outputs: readonly { readonly tool_call_id: string; readonly output: string }[] | null;
  readonly usage: Usage;
}

export const insertTurn = async (
  db: Database,
  run_id: string,
  position: number,
  turn: Pick<Turn, 'items' | 'usage'>,
): Promise<void> => {
  await db
    .insertInto('turns')
    .values({
      run_id,
      position,
      items: JSON.stringify(turn.items),
      outputs: null,
      usage: JSON.stringify(turn.usage),
    })
    .execute();
};

export async function listTurns(db: Database, run_id: string): Promise<Turn[]> {
  const rows = await db
    .selectFrom('turns')
    .selectAll()
    .where('run_id', '=', run_id)
    .orderBy('position')
    .execute();
  return rows.map((row) => ({
    items: decode<unknown[]>(row.items),
    outputs: row.outputs === null ? null : decode<NonNullable<Turn['outputs']>>(row.outputs),
    usage: decode<Usage>(row.usage),
  }));
}

/** Stores the outputs for the function calls of the run's last turn. */
export const answerLastTurn = async (
  db: Database,
  run_id: string,
  outputs: NonNullable<Turn['outputs']>,
): Promise<void> => {
  await db
    .updateTable('turns')
    .set({ outputs: JSON.stringify(outputs) })
    .where('run_id', '=', run_id)
    .where('outputs', 'is', null)
    .execute();
};

export const deleteTurns = async (db: Database, run_id: string): Promise<void> => {
  await db.deleteFrom('turns').where('run_id', '=', run_id).execute();
};

/** The total usage of several model calls. */
export function sumUsage(usages: readonly Usage[]): Usage {
  const sum = (tokens: (usage: Usage) => number) =>
    usages.reduce((total, usage) => total + tokens(usage), 0);
  return {
    prompt_tokens: sum((usage) => usage.prompt_tokens),
    completion_tokens: sum((usage) => usage.completion_tokens),
    total_tokens: sum((usage) => usage.total_tokens),
    prompt_token_details: {
      cached_tokens: sum((usage) => usage.prompt_token_details.cached_tokens),
    },
    completion_tokens_details: {
      reasoning_tokens: sum((usage) => usage.completion_tokens_details.reasoning_tokens),
    },
  };
}
