import type { Dialect, RequestApi } from './dialect.ts';
import type { ModelRequest } from './model.ts';
import type { Refusal } from './refusal.ts';

/** A refused request. */
export interface SentRequest {
  /** As it was sent, not as it was asked for. */
  readonly request: ModelRequest;
  readonly dialect: Dialect;
  readonly api: RequestApi;
  readonly isOpenAI: boolean;
  /** Whether a run may go on without its hosted tools. */
  readonly dropsHostedTools: boolean;
}

/** Something that models refuse, and what to send instead. */
export interface Adaptation {
  /** For the log: what is sent instead. */
  readonly label: string;
  readonly recognizes: (refusal: Refusal, sent: SentRequest) => boolean;
  readonly change: (dialect: Dialect, sent: SentRequest, refusal: Refusal) => Dialect;
}
