/** Lines end in LF, CRLF or CR, wherever the bytes were cut on their way. */
async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of body) {
    rest += decoder.decode(bytes, { stream: true });
    // A CR that comes last may be half of a CRLF.
    const lines = rest.split(/\r\n|\n|\r(?!$)/u);
    rest = lines.pop() ?? '';
    yield* lines;
  }
  yield (rest + decoder.decode()).replace(/\r$/u, '');
}

/** An event, unless there is nothing in it: some servers keep a connection alive by those. */
const nonEmpty = (data: readonly string[]): string[] =>
  data.every((line) => line.trim() === '') ? [] : [data.join('\n')];

/**
 * The data of server-sent events; names, ids and comments are passed over. Servers forget the empty
 * line that ends the last event, and are forgiven.
 */
export async function* readSseData(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let data: string[] = [];
  for await (const line of linesOf(body)) {
    // Older llama.cpp servers tell of errors in a field of that name.
    const field = /^(?:data|error): ?/u.exec(line);
    if (field !== null) data.push(line.slice(field[0].length));
    if (line !== '') continue;
    yield* nonEmpty(data);
    data = [];
  }
  yield* nonEmpty(data);
}
