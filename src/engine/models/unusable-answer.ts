import { ModelFailure } from './model.ts';

/** In a row; each of these calls is paid for. */
export const maxUnusableAnswers = 3;

/** A complete answer that nobody can use, such as a call that is not JSON. Another call may do better. */
export class UnusableAnswer extends ModelFailure {
  constructor(message: string) {
    super('server_error', message, 0);
  }
}

/** Reasons with which servers end an answer in which the model wrote no valid call. */
const malformedCallReason = /malformed.{0,20}(?:function|tool)|unexpected_?tool_?call/iu;

/** The failure for an answer that ended with this reason; null for other reasons. */
export const malformedCallFailure = (reason: string | null | undefined): UnusableAnswer | null =>
  malformedCallReason.test(reason ?? '')
    ? new UnusableAnswer(`The model wrote a function call that is not valid (${reason}).`)
    : null;
