import { fetchWithinOrigin } from '../../shared/same-origin-fetch.ts';
import { boundResponses } from './bounded-fetch.ts';

/** Detects the type by the first bytes, because endpoints often send none. */
function imageType(bytes: Uint8Array): string {
  const head = Buffer.from(bytes.subarray(0, 12)).toString('latin1');
  if (head.startsWith('\xff\xd8\xff')) return 'jpeg';
  if (head.startsWith('GIF8')) return 'gif';
  return head.startsWith('RIFF') && head.endsWith('WEBP') ? 'webp' : 'png';
}

/** An image's bytes as a `data:` URL. */
export const toImageUrl = (bytes: Uint8Array): string =>
  `data:image/${imageType(bytes)};base64,${Buffer.from(bytes).toString('base64')}`;

/**
 * Reads an image from an HTTP or `data:` URL. The URL may be on any host, so the request has no key.
 */
export async function downloadImage(
  url: string,
  fetch: typeof globalThis.fetch,
  signal: AbortSignal,
): Promise<File> {
  const follow = fetchWithinOrigin(boundResponses(fetch), 'the image is not downloaded from there');
  const response = await (url.startsWith('data:')
    ? globalThis.fetch(url)
    : follow(url, { signal }));
  if (!response.ok) throw new Error(`The image could not be downloaded: HTTP ${response.status}.`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const type = imageType(bytes);
  return new File([bytes], `image.${type}`, { type: `image/${type}` });
}
