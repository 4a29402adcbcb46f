/** An invalid body or query, and the error's message, param and code. */
export type Case = [body: unknown, message: string, param: string | null, code: string | null];

export const textOfLength = (length: number) => 'x'.repeat(length);
export const metadataPairs = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 'v']));
export const tooLong = (name: string, limit: number, got: number) =>
  `Invalid '${name}': string too long. Expected a string with maximum length ${limit}, but got a string with length ${got} instead.`;
export const wrongType = (name: string, expected: string, got: string) =>
  `Invalid type for '${name}': expected ${expected}, but got ${got} instead.`;
export const missingParameter = (name: string): [string, string, string] => [
  `Missing required parameter: '${name}'.`,
  name,
  'missing_required_parameter',
];
export const unknownParameter = (name: string): [string, string, string] => [
  `Unknown parameter: '${name}'.`,
  name,
  'unknown_parameter',
];

/** The error envelope's content for a case. */
export const errorBody = ([, message, param, code]: Case) => ({
  error: { message, type: 'invalid_request_error', param, code },
});

/** The cases with names for `test.each`. */
export const namedCases = (cases: Case[]): [string, Case][] =>
  cases.map((badCase, index) => [`${badCase[1].slice(0, 100)} #${index}`, badCase]);
