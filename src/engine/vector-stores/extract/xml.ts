import { Parser } from 'htmlparser2';
import { notParsed, tooLarge } from './extraction-error.ts';

/** What is done with the parts of an XML file; names have no prefix. */
export interface XmlHandler {
  open?(name: string, attributes: Readonly<Record<string, string>>): void;
  close?(name: string): void;
  text?(text: string): void;
}

const maxDepth = 500;

const pieceBytes = 65_536;

const localName = (name: string): string => name.slice(name.indexOf(':') + 1);

/** The attributes without the prefixes of their names; of two with one name, that with a prefix. */
function localAttributes(attributes: Record<string, string>): Record<string, string> {
  const pairs = Object.entries(attributes);
  const [prefixed, plain] = [true, false].map((hasPrefix) =>
    pairs.filter(([name]) => name.includes(':') === hasPrefix),
  );
  return Object.fromEntries([
    ...(plain ?? []),
    ...(prefixed ?? []).map(([name, value]) => [localName(name), value] as const),
  ]);
}

const encodingOf = (bytes: Uint8Array): string => {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
};

/**
 * Reads an XML file of an Office document. These have no document type, so one that has is refused:
 * entities that it declares could make a huge text.
 */
export function readXml(bytes: Uint8Array, handler: XmlHandler): void {
  let depth = 0;
  let hasEnded = false;
  const parser = new Parser(
    {
      onopentag(name, attributes) {
        depth += 1;
        if (depth > maxDepth) throw notParsed('its XML is nested too deeply');
        handler.open?.(localName(name), localAttributes(attributes));
      },
      onclosetag(name) {
        // The parser closes by itself what is open at the end.
        if (hasEnded) throw notParsed('its XML is incomplete');
        depth -= 1;
        handler.close?.(localName(name));
      },
      ontext: (text) => handler.text?.(text),
      onprocessinginstruction(name) {
        if (name.toLowerCase() === '!doctype') throw notParsed('its XML declares a document type');
      },
    },
    { xmlMode: true },
  );
  const decoder = new TextDecoder(encodingOf(bytes));
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    parser.write(decoder.decode(bytes.subarray(start, start + pieceBytes), { stream: true }));
  }
  hasEnded = true;
  parser.end();
}

/** The most parts of one kind, such as cells or strings, that are kept in memory. */
const maxParts = 2_000_000;

/** Refuses more parts than a file may have. */
export function checkParts(count: number): void {
  if (count > maxParts) throw tooLarge();
}
