/** API keys, bearer tokens and passwords in URLs. */
const secretPattern =
  /\b(?:sk|sess|key)-[A-Za-z0-9_-]{8,}|(?<=\bBearer\s+)[^\s"',]{4,}|(?<=\b[a-z]+:\/\/[^\s"'/:@]*:)[^\s"'/@]+(?=@)/gu;

/** Replaces the given secrets, and everything that looks like a secret, with `[redacted]`. */
export function redact(text: string, secrets: readonly string[] = []): string {
  const withoutKnown = secrets
    .filter((secret) => secret !== '')
    .reduce((cleaned, secret) => cleaned.replaceAll(secret, '[redacted]'), text);
  return withoutKnown.replace(secretPattern, '[redacted]');
}
