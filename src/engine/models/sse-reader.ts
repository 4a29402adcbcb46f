/** Lines end in LF, CRLF or CR; a chunk may end anywhere, even inside a character. */
async function* readLines(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let pending = '';
  for await (const bytes of body) {
    pending += decoder.decode(bytes, { stream: true });
    // A CR at the end may be the first half of a CRLF.
    const lines = pending.split(/\r\n|\n|\r(?!$)/u);
    pending = lines.pop() ?? '';
    yield* lines;
  }
  yield (pending + decoder.decode()).replace(/\r$/u, '');
}

/** One event, or none if all lines are blank: some servers send such events as keep-alive. */
const nonEmpty = (data: readonly string[]): string[] =>
  data.every((line) => line.trim() === '') ? [] : [data.join('\n')];

/**
 * The data of each server-sent event; names, ids and comments are skipped. The blank line after the
 * last event may be missing.
 */
export async function* readSseData(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let data: string[] = [];
  for await (const line of readLines(body)) {
    // Older llama.cpp servers send errors in a field `error`.
    const field = /^(?:data|error): ?/u.exec(line);
    if (field !== null) data.push(line.slice(field[0].length));
    if (line !== '') continue;
    yield* nonEmpty(data);
    data = [];
  }
  yield* nonEmpty(data);
}
