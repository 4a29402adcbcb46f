import { readDocx } from './docx.ts';
import { notSupported } from './extraction-error.ts';
import { OfficePackage } from './office-package.ts';
import { readPptx } from './pptx.ts';
import type { Section } from './text-builder.ts';
import { readXlsx } from './xlsx.ts';
import { readXml } from './xml.ts';

/** Ends the reading of an XML file early. */
class Found extends Error {}

function rootElement(bytes: Uint8Array): string {
  let root = '';
  try {
    readXml(bytes, {
      open(name) {
        root = name;
        throw new Found();
      },
    });
  } catch (error) {
    if (!(error instanceof Found)) throw error;
  }
  return root;
}

/** The text of a Word document, a presentation or a workbook: the main part says which it is. */
export function readOffice(bytes: Uint8Array): Iterable<Section> {
  const file = new OfficePackage(bytes);
  const main = file.mainPart();
  switch (rootElement(file.find(main) ?? new Uint8Array())) {
    case 'document':
      return readDocx(file, main);
    case 'presentation':
      return readPptx(file, main);
    case 'workbook':
      return readXlsx(file, main);
    default:
      throw notSupported('an Office document of an unknown kind');
  }
}
