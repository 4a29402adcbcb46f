/**
 * What one process tells the others that share its database: that a run waits for somebody to
 * execute it, or that the named one is to be stopped by whoever executes it.
 */
export type Notification = 'queued' | `cancelled ${string}`;

/** Words between the processes that share a database. They may get lost: the database counts. */
export interface Notifications {
  /** The channel that signals are sent on. */
  readonly channel: string;
  /** Whether others are heard at present; if not, one has to look for oneself. */
  readonly isConnected: boolean;
  /** Calls `hear` for every signal, this process's own included, and after times of deafness. */
  listen(hear: (signal: string) => void): void;
  /** Stops listening. */
  close(): Promise<void>;
}
