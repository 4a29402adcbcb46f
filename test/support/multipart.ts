/** A part of a multipart body. */
export interface Part {
  /** The lines before the content, such as a Content-Disposition. */
  readonly headers: readonly (string | Uint8Array)[];
  readonly content: string | Uint8Array;
}

const bytesOf = (text: string | Uint8Array): Uint8Array =>
  typeof text === 'string' ? Buffer.from(text) : text;

/** A multipart body, byte by byte as a client writes it. */
export function multipartBody(
  parts: readonly Part[],
  boundary = 'boundary',
  newline = '\r\n',
): Buffer<ArrayBuffer> {
  const pieces: (string | Uint8Array)[] = [];
  for (const { headers, content } of parts) {
    pieces.push(`--${boundary}${newline}`);
    for (const header of headers) pieces.push(header, newline);
    pieces.push(newline, content, newline);
  }
  pieces.push(`--${boundary}--${newline}`);
  return Buffer.concat(pieces.map((piece) => bytesOf(piece)));
}

export const field = (name: string, content: string): Part => ({
  headers: [`Content-Disposition: form-data; name="${name}"`],
  content,
});

export const filePart = (content: string | Uint8Array, filename = 'a.txt'): Part => ({
  headers: [
    `Content-Disposition: form-data; name="file"; filename="${filename}"`,
    'Content-Type: text/plain',
  ],
  content,
});
