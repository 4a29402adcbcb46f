import type { RunningServe } from './serve.ts';

const comment = /^# (?<kind>HELP|TYPE) (?<name>[a-zA-Z_:][\w:]*) (?<text>.+)$/u;
const sample =
  /^(?<name>[a-zA-Z_:][\w:]*)(?<labels>\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)+\})? (?<value>\S+)$/u;
const types = new Set(['counter', 'gauge', 'histogram', 'summary']);

/** Sample values by `name{label="value"}`. */
export type Samples = ReadonlyMap<string, number>;

/** Parses Prometheus' text format 0.0.4; throws where the text violates it. */
export function parseMetrics(text: string): Samples {
  const metadata = { HELP: new Map<string, string>(), TYPE: new Map<string, string>() };
  const samples = new Map<string, number>();
  if (!text.endsWith('\n')) throw new Error('no newline at the end');
  for (const line of text.split('\n').filter(Boolean)) {
    const groups = comment.exec(line)?.groups;
    if (groups !== undefined) {
      const { kind = '', name = '', text: value = '' } = groups;
      const known = kind === 'HELP' ? metadata.HELP : metadata.TYPE;
      if (known.has(name)) throw new Error(`duplicate: ${line}`);
      if (kind === 'TYPE' && !types.has(value)) throw new Error(`unknown type: ${line}`);
      known.set(name, value);
      continue;
    }
    const { name = '', labels = '', value = '' } = sample.exec(line)?.groups ?? {};
    const family = metadata.TYPE.has(name) ? name : name.replace(/_(?:bucket|sum|count)$/u, '');
    if (!metadata.HELP.has(family) || !metadata.TYPE.has(family))
      throw new Error(`no HELP or TYPE before: ${line}`);
    // Prometheus reads `NaN` in any case.
    if (Number.isNaN(Number(value)) && !/^(?:nan|\+Inf)$/iu.test(value)) {
      throw new Error(`not a number: ${line}`);
    }
    if (samples.has(name + labels)) throw new Error(`duplicate: ${line}`);
    samples.set(name + labels, Number(value));
  }
  return samples;
}

/** Reads this program's samples from `/metrics`, without the prefix of their names. */
export async function readMetrics({
  url,
}: Pick<RunningServe, 'url'>): Promise<Record<string, number>> {
  const response = await fetch(`${url}/metrics`);
  if (response.headers.get('content-type') !== 'text/plain; version=0.0.4; charset=utf-8') {
    throw new Error(`content-type: ${response.headers.get('content-type')}`);
  }
  const prefix = 'assistants_mcp_';
  return Object.fromEntries(
    [...parseMetrics(await response.text())]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), value]),
  );
}
