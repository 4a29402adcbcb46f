import manifest from '../../../package.json' with { type: 'json' };
import { serveOptions } from '../../config/command-options.ts';
import type { Config, Invocation, SourceOf } from '../../config/config.ts';
import { minTokenLength } from '../../config/option-values.ts';
import type { McpServerDeps } from '../../server/server.ts';
import { systemClock } from '../../shared/clock.ts';
import { randomIds } from '../../shared/ids.ts';
import { isLoopback } from '../../shared/urls.ts';
import { type Command, type Host, openLog } from '../host.ts';
import { createMcpServerFactory } from '../mcp-server-factory.ts';

const shortTokenSentence = `ASSISTANTS_TOKEN is shorter than ${minTokenLength} characters and can be guessed. Make a longer one, for example with: openssl rand -hex 32`;

const hasShortToken = ({ token }: Config): boolean =>
  token !== null && token.length < minTokenLength;

/** What a server that other machines can reach must have. */
function tokenProblems(config: Config): readonly string[] {
  const { token, host } = config;
  if (isLoopback(host)) return [];
  if (token === null) {
    return [`serve requires ASSISTANTS_TOKEN on ${host}, which other machines can reach.`];
  }
  return hasShortToken(config) ? [shortTokenSentence] : [];
}

/** A certificate and its key belong together. */
function tlsProblems(sourceOf: SourceOf): readonly string[] {
  const [cert, key] = [sourceOf(serveOptions.tlsCert), sourceOf(serveOptions.tlsKey)];
  if (cert !== undefined && key === undefined) {
    return [`${cert} needs the certificate's private key; name its file with --tls-key.`];
  }
  if (key !== undefined && cert === undefined) {
    return [`${key} needs the key's certificate; name its file with --tls-cert.`];
  }
  return [];
}

async function runServe(host: Host, { config, warnings }: Invocation): Promise<number> {
  const log = openLog(config, host);
  for (const warning of warnings) log.warn(warning);
  if (hasShortToken(config)) log.warn(shortTokenSentence);
  const { runServer } = await import('../../server/server.ts');
  const options = {
    config,
    clock: systemClock,
    ids: randomIds,
    log,
    version: manifest.version,
    serverFactory: ({ openai, ...deps }: McpServerDeps) =>
      createMcpServerFactory(config, { ...deps, clock: systemClock, openai: async () => openai }),
    onReload: (reload: () => Promise<void>) => host.onHangup(() => void reload()),
  };
  return runServer(options, host.interrupted);
}

export const serveCommand: Command = {
  name: 'serve',
  usage: 'serve [options]',
  summary: 'Serve REST at /v1 and MCP at /mcp over HTTP',
  options: serveOptions,
  isLocal: true,
  check: ({ config }, sourceOf) => [...tokenProblems(config), ...tlsProblems(sourceOf)],
  run: runServe,
};
