import type http from 'node:http';
import https from 'node:https';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** The connections of a server that have not finished their TLS handshake. */
export interface Handshakes {
  /** Closes them: Node counts them as open and closes them with no others. */
  abort(): void;
}

/** The same for a connection before and after the handshake, whose sockets differ. */
function clientOf(socket: Duplex): string {
  const { localAddress, localPort, remoteAddress, remotePort }: Partial<Socket> =
    socket instanceof Socket ? socket : {};
  return [localAddress, localPort, remoteAddress, remotePort].join(' ');
}

/** Watches the handshakes of a server; one without TLS has none. */
export function trackHandshakes(server: http.Server | https.Server): Handshakes {
  const sockets = new Map<string, Duplex>();
  if (server instanceof https.Server) {
    server.on('connection', (socket) => {
      const client = clientOf(socket);
      sockets.set(client, socket);
      socket.once('close', () => {
        // The client may have connected again from the same port.
        if (sockets.get(client) === socket) sockets.delete(client);
      });
    });
    server.on('secureConnection', (socket) => sockets.delete(clientOf(socket)));
  }
  return {
    abort() {
      for (const socket of sockets.values()) socket.destroy();
    },
  };
}
