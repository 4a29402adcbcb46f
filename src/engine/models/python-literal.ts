import { parseJson } from '../../shared/json.ts';

const constants: Readonly<Record<string, string>> = { True: 'true', False: 'false', None: 'null' };

const tokenPattern = /'(?:[^'\\]|\\[^]?)*'?|"(?:[^"\\]|\\[^]?)*"?|[A-Za-z]+|[^'"A-Za-z]+/gu;

/** The text of a Python string, with the escapes that JSON does not have replaced. */
function toJsonString(literal: string): string {
  const text = literal
    .slice(1, -1)
    .replace(/\\([^])|"/gu, (match: string, escaped?: string) => {
      if (escaped === undefined) return '\\"';
      return escaped === "'" ? "'" : match;
    })
    .replaceAll('\n', String.raw`\n`);
  return `"${text}"`;
}

/**
 * Rewrites a Python literal, such as `{'city': 'Oslo', 'now': True}`, as JSON; null if it is none. Some
 * servers print the model's arguments instead of writing them as JSON.
 */
export function pythonLiteralToJson(text: string): string | null {
  const json = text.replace(tokenPattern, (token) =>
    token.startsWith("'") || token.startsWith('"')
      ? toJsonString(token)
      : (constants[token] ?? token),
  );
  return parseJson(json) === undefined ? null : json;
}
