import type OpenAI from 'openai';
import type { Usage } from './store/schema.ts';

/** How one model call went. */
export interface ModelCallReport {
  /** `interrupted`: its run was stopped, or went to somebody else. */
  readonly outcome: 'succeeded' | 'failed' | 'interrupted';
  readonly seconds: number;
  /** Null unless it succeeded. */
  readonly usage: Usage | null;
}

/**
 * Hears what happens in an engine, each thing once and when it is so, for somebody who counts.
 * It has no say in anything, and must not throw.
 */
export interface Observer {
  /** A run is taken up for the first time, so many whole seconds after it was made. */
  runStarted(waited: number): void;
  /** A run has come to its end here. */
  runEnded(status: OpenAI.Beta.Threads.RunStatus): void;
  /** A run is gone on with here whose holder let its lease lapse. */
  leaseTakenOver(): void;
  /** A call to a model is over; one that is tried again is another call. */
  modelCalled(model: string, report: ModelCallReport): void;
  /** A call that failed is about to be made again, beyond what the SDK tries by itself. */
  modelRetried(model: string): void;
}
