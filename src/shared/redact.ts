const keyPattern =
  /\b(?:sk|sess|key)-[A-Za-z0-9_-]{8,}|(?<=\bBearer\s+)[^\s"',]{4,}|(?<=\b[a-z]+:\/\/[^\s"'/:@]*:)[^\s"'/@]+(?=@)/gu;

/**
 * Takes every secret out of a text that leaves the program: those it was started with, and whatever
 * looks like a key of the API or like the password in a URL.
 */
export function redact(text: string, secrets: readonly string[] = []): string {
  const known = secrets
    .filter((secret) => secret !== '')
    .reduce((cleaned, secret) => cleaned.replaceAll(secret, '[redacted]'), text);
  return known.replace(keyPattern, '[redacted]');
}
