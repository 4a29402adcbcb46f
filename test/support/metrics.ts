import type { RunningServe } from './serve.ts';

const comment = /^# (?<kind>HELP|TYPE) (?<name>[a-zA-Z_:][\w:]*) (?<rest>.+)$/u;
const sample =
  /^(?<name>[a-zA-Z_:][\w:]*)(?<labels>\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)+\})? (?<value>\S+)$/u;
const types = new Set(['counter', 'gauge', 'histogram', 'summary']);

/** Sample, as `name{label="value"}` → value. */
export type Samples = ReadonlyMap<string, number>;

/** Reads Prometheus' text format 0.0.4; throws where it is not kept. */
export function parseMetrics(text: string): Samples {
  const about = { HELP: new Map<string, string>(), TYPE: new Map<string, string>() };
  const samples = new Map<string, number>();
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  for (const line of text.split('\n').filter(Boolean)) {
    const told = comment.exec(line)?.groups;
    if (told !== undefined) {
      const { kind = '', name = '', rest = '' } = told;
      const known = kind === 'HELP' ? about.HELP : about.TYPE;
      if (known.has(name)) throw new Error(`told twice: ${line}`);
      if (kind === 'TYPE' && !types.has(rest)) throw new Error(`no type: ${line}`);
      known.set(name, rest);
      continue;
    }
    const { name = '', labels = '', value = '' } = sample.exec(line)?.groups ?? {};
    const family = about.TYPE.has(name) ? name : name.replace(/_(?:bucket|sum|count)$/u, '');
    if (!about.HELP.has(family) || !about.TYPE.has(family)) throw new Error(`unknown: ${line}`);
    // Prometheus reads `NaN` in any case.
    if (Number.isNaN(Number(value)) && !/^(?:nan|\+Inf)$/iu.test(value)) {
      throw new Error(`no number: ${line}`);
    }
    if (samples.has(name + labels)) throw new Error(`twice: ${line}`);
    samples.set(name + labels, Number(value));
  }
  return samples;
}

/** What `/metrics` says now: every sample of this program, without its prefix. */
export async function readMetrics({
  url,
}: Pick<RunningServe, 'url'>): Promise<Record<string, number>> {
  const answer = await fetch(`${url}/metrics`);
  if (answer.headers.get('content-type') !== 'text/plain; version=0.0.4; charset=utf-8') {
    throw new Error(`content-type: ${answer.headers.get('content-type')}`);
  }
  const prefix = 'assistants_mcp_';
  return Object.fromEntries(
    [...parseMetrics(await answer.text())]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), value]),
  );
}
