import { Hono } from 'hono';
import { ApiError, errors } from './http/errors.ts';
import { FilesFailure } from './models/endpoint-files.ts';
import type { EngineParts } from './options.ts';
import { assistantRoutes } from './routes/assistants.ts';
import { fileRoutes } from './routes/files.ts';
import { messageFileRoutes } from './routes/message-files.ts';
import { messageRoutes } from './routes/messages.ts';
import { createThreadAndRunRoute, runRoutes } from './routes/runs.ts';
import { stepRoutes } from './routes/run-steps.ts';
import { threadRoutes } from './routes/threads.ts';
import { expireDueRuns } from './runs/end-run.ts';
import type { RunWorker } from './runs/worker.ts';
import { outageOf } from './store/outage.ts';

const requestIdHeader = 'x-request-id';

/** The Assistants API as a web-standard application: every path of contract §4 under `/v1`. */
export function createApp(parts: EngineParts, worker: RunWorker): Hono {
  const { clock, ids, log } = parts;
  // A slash at the end of a path makes no difference.
  const app = new Hono({ strict: false });

  app.use(async (context, next) => {
    const id = ids.request();
    const start = clock.now();
    await next();
    context.res.headers.set(requestIdHeader, id);
    context.res.headers.set('openai-version', '2020-10-01');
    context.res.headers.set('openai-processing-ms', String(clock.now() - start));
    const { method, path } = context.req;
    log.debug('request', { request_id: id, method, path, status: context.res.status });
  });

  app.onError((error, context) => {
    const told = error instanceof FilesFailure ? errors.endpoint(error) : error;
    if (told instanceof ApiError) return context.json(told.toJSON(), told.status);
    log.error('request failed', { path: context.req.path, error: error.stack ?? error.message });
    const outage = outageOf(error);
    const answer = outage === null ? errors.fault() : errors.outage(outage);
    return context.json(answer.toJSON(), answer.status);
  });

  app.notFound((context) => {
    const { method, path } = context.req;
    return context.json(errors.unknownUrl(method, path).toJSON(), 404);
  });

  app.post('/v1/threads/runs', createThreadAndRunRoute(parts, worker));

  // A run whose time is over is never seen alive, whether or not a worker has been by.
  app.use('/v1/threads/:thread_id/*', async (context, next) => {
    await expireDueRuns(parts, context.req.param('thread_id'));
    await next();
  });

  app.route('/v1/assistants', assistantRoutes(parts));
  app.route('/v1/files', fileRoutes(parts));
  app.route('/v1/threads', threadRoutes(parts, worker));
  app.route('/v1/threads/:thread_id/messages', messageRoutes(parts));
  app.route('/v1/threads/:thread_id/messages/:message_id/files', messageFileRoutes(parts));
  app.route('/v1/threads/:thread_id/runs', runRoutes(parts, worker));
  app.route('/v1/threads/:thread_id/runs/:run_id/steps', stepRoutes(parts));

  return app;
}
