/** How many tokens a text takes. */
export type CountTokens = (text: string) => number;

/** Tokenizers go quadratically over what has no word boundaries, so none gets more than this at once. */
const pieceLength = 500;

/** The most that a text can take: a token is at least one byte. */
export const countBytes: CountTokens = (text) => Buffer.byteLength(text);

/**
 * Loads the tokenizer of OpenAI's models since gpt-4o, which is near enough to those of others. It
 * is large: nobody needs it whose thread has fewer bytes than the model's window has tokens.
 */
export async function loadTokenizer(): Promise<CountTokens> {
  const { countTokens, setMergeCacheSize } = await import('gpt-tokenizer/encoding/o200k_base');
  // The cache would keep the words of every message, and with a word its whole message.
  setMergeCacheSize(0);
  // What looks like a control token is text here, as it is to the endpoint.
  const asText = { disallowedSpecial: new Set<string>() };
  return (text) => {
    let tokens = 0;
    for (let start = 0; start < text.length; start += pieceLength) {
      tokens += countTokens(text.slice(start, start + pieceLength), asText);
    }
    return tokens;
  };
}
