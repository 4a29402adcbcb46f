/** Media types that a browser shows without running anything in them. */
const inertType =
  /^(?:application\/(?:(?:[\w.-]+\+)?json|jsonl|x-ndjson|octet-stream)|text\/(?:plain|csv|markdown|event-stream)|image\/(?:png|jpeg|gif|webp)|(?:audio|video)\/[\w.-]+)\s*(?:;[^,]*)?$/iu;

/** `inline; filename="a.svg"` becomes `attachment; filename="a.svg"`. */
const toAttachment = (disposition: string | null): string =>
  `attachment${/^[^;]*(;.*)$/u.exec(disposition ?? '')?.[1] ?? ''}`;

/**
 * Adds the headers that keep foreign content from running on this server's origin when a browser
 * opens it; the body stays as it is.
 */
export function makeInert(response: Response): Response {
  const { headers } = response;
  headers.set('x-content-type-options', 'nosniff');
  headers.set('content-security-policy', "sandbox; default-src 'none'");
  const type = headers.get('content-type');
  if (response.body !== null && !inertType.test(type ?? '')) {
    headers.set('content-disposition', toAttachment(headers.get('content-disposition')));
  }
  return response;
}
