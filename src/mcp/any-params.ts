import type { StandardSchemaV1 } from '@modelcontextprotocol/server';

/** Accepts any parameters: handlers report what is wrong with them in one sentence. */
export const anyParams: StandardSchemaV1<object, object> = {
  '~standard': {
    version: 1,
    vendor: 'assistants-mcp',
    validate: (value) => ({ value: Object(value) }),
  },
};

/** A name or id that a client sent, for an error; what is no text is null. */
export const shownName = (name: unknown): string =>
  JSON.stringify(typeof name === 'string' ? name : null);
