import { setTimeout } from 'node:timers/promises';
import { Client, type ClientConfig, escapeIdentifier } from 'pg';
import type { Notifications } from '../capabilities.ts';

/** Milliseconds between attempts to connect: at first, and at most. */
const [shortestWait, longestWait] = [250, 15_000];

/** LISTEN on a connection of its own, which is made again whenever it is lost. */
export class PostgresListener implements Notifications {
  readonly channel: string;
  readonly #config: ClientConfig;
  readonly #closing = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  #isHearing = false;

  constructor(config: ClientConfig, channel: string) {
    this.#config = config;
    this.channel = channel;
  }

  get isConnected(): boolean {
    return this.#isHearing;
  }

  listen(onNotification: (signal: string) => void): void {
    this.#loop = this.#run(onNotification);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#loop;
  }

  async #run(onNotification: (signal: string) => void): Promise<void> {
    const { signal } = this.#closing;
    for (let wait = shortestWait; !signal.aborted; wait = Math.min(wait * 2, longestWait)) {
      await this.#connect((heard) => {
        wait = shortestWait;
        onNotification(heard);
      }).catch(() => {});
      this.#isHearing = false;
      await setTimeout(wait, undefined, { signal }).catch(() => {});
    }
  }

  /** Listens as long as the connection holds. */
  async #connect(onNotification: (signal: string) => void): Promise<void> {
    const client = new Client(this.#config);
    const { promise: lost, resolve: lose } = Promise.withResolvers<void>();
    client.on('error', () => lose());
    client.on('end', () => lose());
    client.on('notification', ({ payload = '' }) => {
      this.#isHearing = true;
      onNotification(payload);
    });
    const end = () => void client.end().catch(() => {});
    this.#closing.signal.addEventListener('abort', end);
    try {
      // A client that is ended while it connects says no more of that.
      await Promise.race([client.connect(), lost]);
      await client.query(`listen ${escapeIdentifier(this.channel)}`);
      // Poolers accept LISTEN and never deliver: only who hears itself hears the others.
      await client.query('select pg_notify($1, $2)', [this.channel, 'queued']);
      await lost;
    } finally {
      this.#closing.signal.removeEventListener('abort', end);
      await client.end().catch(() => {});
    }
  }
}
