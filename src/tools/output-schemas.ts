import * as z from 'zod';

/**
 * Output schemas name what a caller acts on and require only what every server that speaks
 * Assistants sends: hosts refuse an answer that does not fit its schema.
 */
const id = z.string();

/** A page of any list. */
export const page = z.looseObject({ data: z.array(z.looseObject({})) });

export const withId = z.looseObject({ id });

export const deleted = z.looseObject({ deleted: z.boolean() });

export const message = z.looseObject({ id, content: z.array(z.looseObject({})) });

/** A run or one of its steps. */
export const runOrStep = z.looseObject({ id, status: z.string() });

/** A run, and what a tool that waits for it adds. */
export const waitedRun = runOrStep.extend({
  required_action: z.looseObject({}).nullish(),
  reply: z.string().exactOptional(),
  next: z.string().exactOptional(),
});
