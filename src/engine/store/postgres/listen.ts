import { setTimeout } from 'node:timers/promises';
import { Client, type ClientConfig, escapeIdentifier } from 'pg';
import { backoffMs } from '../../../shared/clock.ts';
import type { Notifications } from '../notifications.ts';

const reconnectPauses = { firstMs: 250, maxMs: 15_000 };

/** Listens on a connection of its own and reconnects whenever it is lost. */
export class PostgresListener implements Notifications {
  readonly channel: string;
  readonly #config: ClientConfig;
  readonly #closing = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  #isConnected = false;

  constructor(config: ClientConfig, channel: string) {
    this.#config = config;
    this.channel = channel;
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  listen(onNotification: (notification: string) => void): void {
    this.#loop = this.#run(onNotification);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#loop;
  }

  async #run(onNotification: (notification: string) => void): Promise<void> {
    const { signal } = this.#closing;
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      // Without notifications the worker polls, and reports a database that cannot be reached.
      await this.#connect((notification) => {
        attempt = 1;
        onNotification(notification);
      }).catch(() => {});
      this.#isConnected = false;
      await setTimeout(backoffMs(attempt, reconnectPauses), undefined, { signal }).catch(() => {});
    }
  }

  /** Resolves when the connection is lost. */
  async #connect(onNotification: (notification: string) => void): Promise<void> {
    const client = new Client(this.#config);
    const { promise: lost, resolve: onLost } = Promise.withResolvers<void>();
    client.on('error', () => onLost());
    client.on('end', () => onLost());
    client.on('notification', ({ payload = '' }) => {
      this.#isConnected = true;
      onNotification(payload);
    });
    const end = () => void client.end().catch(() => {});
    this.#closing.signal.addEventListener('abort', end);
    try {
      // `connect` never settles if the client is ended meanwhile.
      await Promise.race([client.connect(), lost]);
      await client.query(`listen ${escapeIdentifier(this.channel)}`);
      // Some poolers accept LISTEN and never deliver: receiving this proves that it works.
      await client.query('select pg_notify($1, $2)', [this.channel, 'queued']);
      await lost;
    } finally {
      this.#closing.signal.removeEventListener('abort', end);
      await client.end().catch(() => {});
    }
  }
}
