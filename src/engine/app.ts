import { Hono } from 'hono';
import { ApiError } from '../shared/errors.ts';
import { errors } from './http/errors.ts';
import { EndpointFilesError } from './models/endpoint-files.ts';
import type { EngineDeps } from './options.ts';
import { allRunRoutes } from './routes/all-runs.ts';
import { assistantFileRoutes } from './routes/assistant-files.ts';
import { assistantRoutes } from './routes/assistants.ts';
import { fileRoutes } from './routes/files.ts';
import { messageFileRoutes } from './routes/message-files.ts';
import { messageRoutes } from './routes/messages.ts';
import { createThreadAndRunRoute, runRoutes } from './routes/runs.ts';
import { stepRoutes } from './routes/run-steps.ts';
import { threadRoutes } from './routes/threads.ts';
import { uploadRoutes } from './routes/uploads.ts';
import { vectorStoreBatchRoutes } from './routes/vector-store-batches.ts';
import { vectorStoreFileRoutes } from './routes/vector-store-files.ts';
import { vectorStoreRoutes } from './routes/vector-stores.ts';
import { searchVectorStoreRoute } from './routes/vector-store-search.ts';
import { expireOverdueRuns } from './runs/end-run.ts';
import type { RunWorker } from './runs/worker.ts';
import { unavailableReason } from './store/errors.ts';

const requestIdHeader = 'x-request-id';

/** The Assistants API as a Hono app: every path of contract §4 under `/v1`. */
export function createApp(deps: EngineDeps, worker: RunWorker): Hono {
  const { clock, ids, log } = deps;
  // Not strict: a trailing slash makes no difference.
  const app = new Hono({ strict: false });

  app.use(async (context, next) => {
    const id = ids.newRequestId();
    const start = clock.now();
    await next();
    context.res.headers.set(requestIdHeader, id);
    context.res.headers.set('openai-version', '2020-10-01');
    context.res.headers.set('openai-processing-ms', String(clock.now() - start));
    const { method, path } = context.req;
    log.debug('request', { request_id: id, method, path, status: context.res.status });
  });

  app.onError((error, context) => {
    const apiError = error instanceof EndpointFilesError ? errors.endpointFiles(error) : error;
    if (apiError instanceof ApiError) return apiError.toResponse();
    log.error('request failed', { path: context.req.path, error: error.stack ?? error.message });
    const reason = unavailableReason(error);
    const publicError = reason === null ? errors.internal() : errors.databaseUnavailable(reason);
    return publicError.toResponse();
  });

  app.notFound((context) => {
    const { method, path } = context.req;
    return errors.unknownUrl(method, path).toResponse();
  });

  app.post('/v1/threads/runs', createThreadAndRunRoute(deps, worker));

  for (const resource of ['messages', 'runs']) {
    app.post(`/v1/threads/:thread_id/${resource}`, deps.threadQueue.takePlace);
  }

  // No response shows an overdue run as active, even before the worker has expired it.
  app.use('/v1/threads/:thread_id/*', async (context, next) => {
    await expireOverdueRuns(deps, context.req.param('thread_id'));
    await next();
  });

  app.route('/v1/assistants', assistantRoutes(deps));
  app.route('/v1/assistants/:assistant_id/files', assistantFileRoutes(deps));
  app.route('/v1/files', fileRoutes(deps));
  app.route('/v1/uploads', uploadRoutes(deps));
  app.route('/v1/vector_stores', vectorStoreRoutes(deps));
  app.route('/v1/vector_stores/:vector_store_id/files', vectorStoreFileRoutes(deps));
  app.route('/v1/vector_stores/:vector_store_id/file_batches', vectorStoreBatchRoutes(deps));
  app.post('/v1/vector_stores/:vector_store_id/search', searchVectorStoreRoute(deps));
  app.route('/v1/runs', allRunRoutes(deps));
  app.route('/v1/threads', threadRoutes(deps, worker));
  app.route('/v1/threads/:thread_id/messages', messageRoutes(deps));
  app.route('/v1/threads/:thread_id/messages/:message_id/files', messageFileRoutes(deps));
  app.route('/v1/threads/:thread_id/runs', runRoutes(deps, worker));
  app.route('/v1/threads/:thread_id/runs/:run_id/steps', stepRoutes(deps));

  return app;
}
