import {
  isJSONRPCErrorResponse,
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResultResponse,
  type JSONRPCMessage,
} from '@modelcontextprotocol/server';
import { fieldOf } from '../shared/json.ts';
import { listenMethod } from './envelope.ts';

/** The requests of a client that it has no answer to yet. */
export interface PendingRequests {
  /** Notes a message from the client. */
  received(message: JSONRPCMessage): void;
  /** Notes a message to the client. */
  sent(message: JSONRPCMessage): void;
  /** Forgets all: nobody can read an answer. */
  clear(): void;
  /** Resolves when there is none. */
  readonly answered: () => Promise<void>;
}

export function createPendingRequests(): PendingRequests {
  const ids = new Set<unknown>();
  const waiting: (() => void)[] = [];
  const remove = (id: unknown) => {
    ids.delete(id);
    if (ids.size === 0) for (const resolve of waiting.splice(0)) resolve();
  };
  return {
    received(message) {
      // The answer to this method is a stream that ends with the connection.
      if (isJSONRPCRequest(message) && message.method !== listenMethod) ids.add(message.id);
      const isCancelled =
        isJSONRPCNotification(message) && message.method === 'notifications/cancelled';
      if (isCancelled) remove(fieldOf(message.params, 'requestId'));
    },
    sent(message) {
      if (isJSONRPCResultResponse(message) || isJSONRPCErrorResponse(message)) remove(message.id);
    },
    clear() {
      ids.clear();
      remove(null);
    },
    answered: () =>
      new Promise((resolve) => {
        if (ids.size === 0) resolve();
        else waiting.push(resolve);
      }),
  };
}
