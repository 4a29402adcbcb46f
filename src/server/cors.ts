import type { AccessRules } from './access.ts';

const exposedHeaders = 'x-request-id, openai-poll-after-ms, openai-processing-ms, retry-after';

/** What lets a page of an allowed origin read an answer; nothing for anybody else. */
export function crossOriginHeaders(
  request: Request,
  { allowedOrigins }: AccessRules,
): readonly [string, string][] {
  const origin = request.headers.get('origin');
  if (origin === null || !allowedOrigins.includes(origin)) return [];
  return [
    ['access-control-allow-origin', origin],
    ['access-control-expose-headers', exposedHeaders],
    ['vary', 'Origin'],
  ];
}

/** The answer to a browser that asks first; null when it is none, or nobody may ask. */
export function answerPreflight(
  request: Request,
  { allowedOrigins }: AccessRules,
): Response | null {
  const { method, headers } = request;
  const asked = method === 'OPTIONS' && headers.has('access-control-request-method');
  if (!asked || !allowedOrigins.includes(headers.get('origin') ?? '')) return null;
  return new Response(null, {
    status: 204,
    headers: {
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
      'access-control-allow-headers': headers.get('access-control-request-headers') ?? '',
      'access-control-max-age': '600',
    },
  });
}
