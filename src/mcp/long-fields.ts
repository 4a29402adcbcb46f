/** In characters, of the fields that the SDK repeats in its answers. */
const maxFieldLength = 1024;

/** A message whose answer would repeat a field that is too long. */
export interface LongField {
  /** The message's id, if that is short enough to be repeated. */
  readonly id: string | number | null;
  readonly sentence: string;
}

export const isRequestId = (value: unknown): value is string | number =>
  typeof value === 'string' || Number.isSafeInteger(value);

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;

const isLong = (value: unknown): boolean =>
  typeof value === 'string' && value.length > maxFieldLength;

/** The first field that is too long to be repeated; null if there is none. */
export function findLongField(message: unknown): LongField | null {
  const id = fieldOf(message, 'id');
  const params = fieldOf(message, 'params');
  const meta = fieldOf(params, '_meta');
  const version = 'io.modelcontextprotocol/protocolVersion';
  const fields = {
    id,
    method: fieldOf(message, 'method'),
    'params.name': fieldOf(params, 'name'),
    'params._meta.progressToken': fieldOf(meta, 'progressToken'),
    [`params._meta['${version}']`]: fieldOf(meta, version),
  };
  const long = Object.entries(fields).find(([, value]) => isLong(value));
  if (long === undefined) return null;
  return {
    id: isRequestId(id) && !isLong(id) ? id : null,
    sentence: `The field ${long[0]} is longer than ${maxFieldLength} characters. Send a shorter one.`,
  };
}
