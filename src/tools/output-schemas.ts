import * as z from 'zod';

/*
 * Output schemas name the fields that a caller acts on and require only those that every Assistants
 * server sends: hosts reject a result that does not match its schema.
 */
const id = z.string();

const items = z.array(z.looseObject({ id: id.exactOptional() }));

/** A page of any list. */
export const page = z.looseObject({ data: items });

export const withId = z.looseObject({ id });

export const deleted = z.looseObject({ deleted: z.boolean() });

export const message = z.looseObject({
  id,
  content: z.array(z.looseObject({ type: z.string().exactOptional() })),
});

export const runOrStep = z.looseObject({ id, status: z.string() });

/** A run with the fields that a waiting tool adds. */
export const waitedRun = runOrStep.extend({
  reply: z.string().exactOptional(),
  next: z.string().exactOptional(),
});
