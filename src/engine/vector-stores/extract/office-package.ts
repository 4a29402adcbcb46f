import { unzipSync } from 'fflate';
import { ExtractionError, notParsed, notSupported, tooLarge } from './extraction-error.ts';
import { readXml } from './xml.ts';

/*
 * An Office document is a zip of XML parts; parts named `_rels/….rels` say which part refers to which.
 */

const maxEntries = 10_000;
/** Bytes of all XML parts together, unpacked. */
const maxUnpackedBytes = 200_000_000;

/** A reference from one part to another. */
export interface Relationship {
  readonly id: string;
  /** The last segment of its type, such as `slide`. */
  readonly type: string;
  /** The name of the part. */
  readonly target: string;
}

const isNeeded = (name: string): boolean => /\.(?:xml|rels)$/u.test(name);

const canonicalName = (name: string): string =>
  name.replaceAll('\\', '/').replace(/^\//u, '').toLowerCase();

/** Resolves a target such as `../media/a.xml` from the folder of a part. */
function resolveTarget(part: string, target: string): string {
  const path = target.replaceAll('\\', '/');
  const segments = path.startsWith('/') ? [] : part.split('/').slice(0, -1);
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return segments.join('/').toLowerCase();
}

/** Unpacks the XML parts; refuses archives that would take too much space. */
function unpack(bytes: Uint8Array): Map<string, Uint8Array> {
  let entries = 0;
  let unpackedBytes = 0;
  const names: string[] = [];
  const filter = ({ name, originalSize }: { name: string; originalSize: number }) => {
    entries += 1;
    if (entries > maxEntries) throw tooLarge();
    const canonical = canonicalName(name);
    names.push(canonical);
    if (!isNeeded(canonical)) return false;
    unpackedBytes += originalSize;
    if (unpackedBytes > maxUnpackedBytes) throw tooLarge();
    return true;
  };
  const files = unzipSync(bytes, { filter });
  const parts = Object.entries(files).map(([name, part]) => [canonicalName(name), part] as const);
  refuseOtherArchives(names);
  return new Map(parts);
}

/** Refuses archives that are no Office documents. */
function refuseOtherArchives(names: readonly string[]): void {
  if (names.includes('[content_types].xml')) return;
  if (names.includes('meta-inf/manifest.xml') && names.includes('content.xml')) {
    throw notSupported('an OpenDocument file; save it in an Office format or as PDF');
  }
  if (names.includes('meta-inf/container.xml')) throw notSupported('an EPUB book');
  throw notSupported('a zip archive; upload the files in it one by one');
}

/** The parts of an Office document. */
export class OfficePackage {
  readonly #parts: ReadonlyMap<string, Uint8Array>;

  constructor(bytes: Uint8Array) {
    try {
      this.#parts = unpack(bytes);
    } catch (error) {
      if (error instanceof ExtractionError) throw error;
      throw notParsed('its zip archive is damaged');
    }
  }

  /** A part; undefined if the document does not have it. */
  find(name: string): Uint8Array | undefined {
    return this.#parts.get(name.toLowerCase());
  }

  /** The references of a part, in their order; those to other documents are left out. */
  relationships(part: string): Relationship[] {
    const slash = part.lastIndexOf('/') + 1;
    const rels = this.find(`${part.slice(0, slash)}_rels/${part.slice(slash)}.rels`);
    const found: Relationship[] = [];
    if (rels === undefined) return found;
    readXml(rels, {
      open(name, { Id: id = '', Type: type = '', Target: target = '', TargetMode: mode }) {
        if (name !== 'Relationship' || mode === 'External') return;
        const shortType = type.slice(type.lastIndexOf('/') + 1);
        found.push({ id, type: shortType, target: resolveTarget(part, target) });
      },
    });
    return found;
  }

  /** The parts of one type that a part refers to. */
  related(part: string, type: string): string[] {
    return this.relationships(part)
      .filter((relationship) => relationship.type === type)
      .map(({ target }) => target);
  }

  /** The name of the part that the document begins with. */
  mainPart(): string {
    const [main] = this.related('', 'officeDocument');
    const usual = ['word/document.xml', 'ppt/presentation.xml', 'xl/workbook.xml'];
    const part = [main, ...usual].find((name) => name !== undefined && this.find(name));
    if (part !== undefined) return part;
    if (main?.endsWith('.bin') === true) {
      throw notSupported('a binary Excel workbook; save it as .xlsx');
    }
    throw notParsed('it has no main document');
  }
}
