import { ApiError } from '../shared/errors.ts';
import { namesByToolset, type ToolFilter, toolsets } from '../tools/toolsets.ts';
import { nearestWords } from './nearest-word.ts';
import { InvalidOption } from './option.ts';
import { boolean, toolNameList, toolsetList } from './option-values.ts';

export type { ToolFilter } from '../tools/toolsets.ts';

/** The longest value of a query parameter; a list of all tools has 500 characters. */
const maxValueLength = 2000;

/** One sentence for each name that no tool has. */
function unknownToolReasons(names: readonly string[], filter: ToolFilter): string[] {
  const known = Object.values(namesByToolset[filter.toolNames]).flat();
  return names
    .filter((name) => !known.includes(name))
    .map((name) => {
      const near = nearestWords(name, known);
      return near.length > 0
        ? `'${name}' is not a tool; did you mean ${near.join(' or ')}?`
        : `'${name}' is not a tool; use some of ${known.join(',')}.`;
    });
}

/** One sentence for each unknown tool of `--tools` and `--exclude-tools`, named by their sources. */
export const toolNameProblems = (
  filter: ToolFilter,
  sources: Readonly<Record<'tools' | 'excludeTools', string | undefined>>,
): string[] =>
  (['tools', 'excludeTools'] as const).flatMap((key) =>
    unknownToolReasons(filter[key] ?? [], filter).map((reason) => `${sources[key]}: ${reason}`),
  );

/** One sentence for each tool of `--tools` whose toolset `--toolsets` leaves out. */
export const unlistedToolWarnings = (filter: ToolFilter, source: string | undefined): string[] =>
  toolsets
    .filter((toolset) => !filter.toolsets.includes(toolset))
    .flatMap((toolset) =>
      namesByToolset[filter.toolNames][toolset]
        .filter((name) => filter.tools?.includes(name) === true)
        .map((name) => `${source}: ${name} is not listed, because its toolset ${toolset} is not.`),
    );

function parseTools(text: string, filter: ToolFilter): readonly string[] {
  const names = toolNameList(text);
  const reasons = unknownToolReasons(names, filter);
  if (reasons.length > 0) throw new InvalidOption(...reasons);
  return names;
}

/** Query parameter → the filter without the tools that its value leaves out. */
const narrowings: ReadonlyMap<string, (filter: ToolFilter, text: string) => ToolFilter> = new Map([
  [
    'toolsets',
    (filter: ToolFilter, text: string) => {
      if (text === 'all') return filter;
      const kept = toolsetList(text);
      return { ...filter, toolsets: filter.toolsets.filter((toolset) => kept.includes(toolset)) };
    },
  ],
  [
    'tools',
    (filter: ToolFilter, text: string) => {
      const kept = parseTools(text, filter);
      return { ...filter, tools: filter.tools?.filter((name) => kept.includes(name)) ?? kept };
    },
  ],
  [
    'exclude_tools',
    (filter: ToolFilter, text: string) => ({
      ...filter,
      excludeTools: [...filter.excludeTools, ...parseTools(text, filter)],
    }),
  ],
  [
    'read_only',
    (filter: ToolFilter, text: string) => ({
      ...filter,
      readOnly: boolean(text) || filter.readOnly,
    }),
  ],
]);

const badRequest = (param: string, reason: string): ApiError =>
  new ApiError(400, `${param}: ${reason}`, { param, code: 'invalid_value' });

/**
 * Narrows a filter by the query of a URL; nothing in a query widens it. Throws a 400 for a value that
 * is invalid, and for an unknown parameter, which would leave tools that the caller meant to leave out.
 */
export function narrowToolFilter(filter: ToolFilter, query: URLSearchParams): ToolFilter {
  let narrowed = filter;
  for (const [parameter, text] of query) {
    const narrow = narrowings.get(parameter);
    if (narrow === undefined) {
      const known = [...narrowings.keys()].join(', ');
      throw badRequest(parameter.slice(0, 80), `not a parameter of this URL; use ${known}.`);
    }
    if (text.length > maxValueLength) {
      throw badRequest(parameter, `must have at most ${maxValueLength} characters.`);
    }
    try {
      narrowed = narrow(narrowed, text);
    } catch (error) {
      if (!(error instanceof InvalidOption)) throw error;
      throw badRequest(parameter, error.reasons[0] ?? 'the value is invalid.');
    }
  }
  return narrowed;
}
