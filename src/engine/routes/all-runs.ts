import { Hono } from 'hono';
import { yieldToOthers } from '../../shared/clock.ts';
import { listRunsQuery, runStatisticsQuery } from '../../schema/run.ts';
import { listResponse } from '../http/pagination.ts';
import { parseQuery } from '../http/request.ts';
import type { EngineDeps } from '../options.ts';
import { expireOverdueRuns } from '../runs/end-run.ts';
import { iterateAll, selectMatching } from '../store/keyset-page.ts';
import { listRunOverviews, runCursor, toRunOverview } from '../store/run-overview.ts';
import { createRunStatistics } from './run-statistics.ts';

/** More runs are not counted; the answer says so. */
const maxCountedRuns = 50_000;

const secondsPerHour = 3600;

/** `/runs`: the runs of all threads, and figures about them, which upstream never offered. */
export function allRunRoutes(deps: EngineDeps): Hono {
  const { db } = deps;
  const routes = new Hono();

  routes.use('*', async (_context, next) => {
    await expireOverdueRuns(deps);
    await next();
  });

  routes.get('/', (context) => {
    const query = parseQuery(context, listRunsQuery);
    const { status, assistant_id } = query;
    return listResponse(query, {
      kind: 'run',
      findCursor: (id) => runCursor(db, id),
      read: (page) =>
        selectMatching(
          (slice) => listRunOverviews(db, slice, query),
          page,
          async (runs) =>
            runs.filter(
              (run) =>
                (status === undefined || run.status === status) &&
                (assistant_id === undefined || run.assistant_id === assistant_id),
            ),
        ),
      toObject: toRunOverview,
    });
  });

  routes.get('/statistics', async (context) => {
    const query = parseQuery(context, runStatisticsQuery);
    const statistics = createRunStatistics({ interval: secondsPerHour, ...query });
    let counted = 0;
    for await (const row of iterateAll((page) => listRunOverviews(db, page, query))) {
      if (counted === maxCountedRuns) return context.json(statistics.finish(false));
      counted += 1;
      statistics.add(toRunOverview(row));
      if (counted % 100 === 0) await yieldToOthers();
    }
    return context.json(statistics.finish(true));
  });

  return routes;
}
