import { systemClock } from '../../src/shared/clock.ts';
import { createCertificate, trust, writeTlsFiles } from './certificates.ts';
import { listen } from './loopback-server.ts';
import { type RunningServe, startServe } from './serve.ts';
import { createStorage, type Storage } from './upstream-files.ts';
import { createUpstream, type Upstream } from './upstream.ts';

export const token = 'let-me-in-0123456789-abcdefgh';

const apiKey = 'sk-server-1234567890abcdef';

export interface AzureSetup {
  readonly served: RunningServe;
  readonly upstream: Upstream;
  readonly storage: Storage;
}

/** Starts `serve` with TLS and a token, in front of a model endpoint with files and vector stores. */
export async function startAzure(): Promise<AzureSetup> {
  const upstream = createUpstream({ apiKey });
  const storage = createStorage({ clock: systemClock, apiKey });
  const endpoint = await listen(async (request) =>
    request.url.endsWith('/responses') ? upstream.fetch(request) : storage.fetch(request),
  );
  const certificate = await createCertificate();
  trust(certificate);
  const { argv } = writeTlsFiles(certificate);
  const served = await startServe({
    argv,
    env: {
      ASSISTANTS_TOKEN: token,
      OPENAI_API_KEY: apiKey,
      OPENAI_BASE_URL: `${endpoint}/v1`,
      ASSISTANTS_FILES: 'endpoint',
      ASSISTANTS_MODEL_API: 'responses',
    },
  });
  return { served, upstream, storage };
}
