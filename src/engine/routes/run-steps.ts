import { Hono } from 'hono';
import type OpenAI from 'openai';
import { includeQuery, listSteps as listQuery } from '../../schema/run.ts';
import type { StreamEvent } from '../events/event-bus.ts';
import { listResponse } from '../http/pagination.ts';
import { parseQuery } from '../http/request.ts';
import type { EngineOptions } from '../options.ts';
import { findStep, listSteps, toStep } from '../store/steps.ts';
import { parseBetweenChecks, runFromPath, stepFromPath } from './path-objects.ts';

type Step = OpenAI.Beta.Threads.Runs.RunStep;
type ToolCall = OpenAI.Beta.Threads.Runs.ToolCall;

/** A request's `include`; there is one value. */
export type Include = readonly OpenAI.Beta.Threads.Runs.RunStepInclude[];

function withoutContent(call: ToolCall): ToolCall {
  if (call.type !== 'file_search') return call;
  const results = call.file_search.results?.map(({ content: _content, ...result }) => result);
  return { ...call, file_search: { ...call.file_search, ...(results && { results }) } };
}

/** A step without the texts of its search results, unless `include` asks for them (contract §6). */
export function applyInclude(step: Step, include: Include = []): Step {
  const { step_details: details } = step;
  if (details.type !== 'tool_calls' || include.length > 0) return step;
  const tool_calls = details.tool_calls.map(withoutContent);
  return { ...step, step_details: { ...details, tool_calls } };
}

/** {@link applyInclude} for the step of a stream event. */
export function applyIncludeToEvent(event: StreamEvent, include?: Include): StreamEvent {
  switch (event.event) {
    case 'thread.run.step.created':
    case 'thread.run.step.in_progress':
    case 'thread.run.step.completed':
    case 'thread.run.step.failed':
    case 'thread.run.step.cancelled':
    case 'thread.run.step.expired':
      return { ...event, data: applyInclude(event.data, include) };
    default:
      return event;
  }
}

/** `/threads/{thread_id}/runs/{run_id}/steps` (contract §4.5, §6). */
export function stepRoutes({ db }: EngineOptions): Hono {
  const routes = new Hono();

  routes.get('/', async (context) => {
    const [{ id }, query] = await parseBetweenChecks(runFromPath(db, context), async () =>
      parseQuery(context, listQuery),
    );
    return listResponse(query, {
      kind: 'step',
      findCursor: (cursor) => findStep(db, id, cursor),
      read: (page) => listSteps(db, id, page),
      toObject: (row) => applyInclude(toStep(row), query.include),
    });
  });

  routes.get('/:step_id', async (context) => {
    const [row, { include }] = await parseBetweenChecks(stepFromPath(db, context), async () =>
      parseQuery(context, includeQuery),
    );
    return context.json(applyInclude(toStep(row), include));
  });

  return routes;
}
