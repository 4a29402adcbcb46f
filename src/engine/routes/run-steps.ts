import { Hono } from 'hono';
import { includeQuery, listSteps as listQuery } from '../../schema/run.ts';
import { applyInclude } from './found-content.ts';
import { pathRun, pathStep, parseBetweenChecks } from './path-objects.ts';
import { toList, toPageQuery } from '../http/pagination.ts';
import { parseQuery } from '../http/request.ts';
import type { EngineOptions } from '../options.ts';
import { findStep, listSteps, toStep } from '../store/steps.ts';

/** `/threads/{thread_id}/runs/{run_id}/steps` (contract §4.5, §6). */
export function stepRoutes({ db }: EngineOptions): Hono {
  const routes = new Hono();

  routes.get('/', async (context) => {
    const [{ id }, query] = await parseBetweenChecks(pathRun(db, context), async () =>
      parseQuery(context, listQuery),
    );
    const page = await toPageQuery(query, 'step', (cursor) => findStep(db, id, cursor));
    const { rows, has_more } = await listSteps(db, id, page);
    const steps = rows.map((row) => applyInclude(toStep(row), query.include));
    return context.json(toList(steps, has_more));
  });

  routes.get('/:step_id', async (context) => {
    const [row, { include }] = await parseBetweenChecks(pathStep(db, context), async () =>
      parseQuery(context, includeQuery),
    );
    return context.json(applyInclude(toStep(row), include));
  });

  return routes;
}
