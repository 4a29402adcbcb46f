import http, { type AgentOptions, type ClientRequest, type RequestOptions } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';

/** Starts requests to the model endpoint. */
export interface UpstreamConnections {
  /** On a connection that may have served other requests and may serve more. */
  requestOnAny(target: string, options: RequestOptions): ClientRequest;
  /** On a connection that serves no other request. */
  requestOnNew(target: string, options: RequestOptions): ClientRequest;
}

/** Destroys an idle connection that sends something: the next request would take it as its answer. */
function destroyOnData(this: Socket): void {
  this.destroy();
}

/** Creates the connections of one proxy to its model endpoint. */
export function createUpstreamConnections(baseURL: string): UpstreamConnections {
  const { Agent, globalAgent, request } = baseURL.startsWith('https:') ? https : http;
  // Node's own settings, among them the proxy of the environment.
  const settings: AgentOptions = Object.assign({}, Reflect.get(globalAgent, 'options'));
  const agent = new Agent(settings);
  agent.on('free', (socket: Socket) => void socket.on('data', destroyOnData));
  return {
    requestOnAny: (target, options) =>
      request(target, { ...options, agent }).on('socket', (socket) => {
        socket.off('data', destroyOnData);
      }),
    requestOnNew: (target, options) => request(target, { ...options, agent: false }),
  };
}
