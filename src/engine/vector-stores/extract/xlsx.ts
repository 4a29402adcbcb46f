import type { OfficePackage } from './office-package.ts';
import { type Section, TextBuilder } from './text-builder.ts';
import { checkParts, readXml } from './xml.ts';
import { readDateStyles, toDateText } from './xlsx-dates.ts';

/** Reads the texts that cells refer to by number. Their pronunciation guides are left out. */
function readSharedStrings(bytes: Uint8Array | undefined): string[] {
  const strings: string[] = [];
  const output = new TextBuilder();
  let textDepth = 0;
  let guideDepth = 0;
  readXml(bytes ?? new Uint8Array(), {
    open(name) {
      if (name === 't') textDepth += 1;
      if (name === 'rPh') guideDepth += 1;
    },
    close(name) {
      if (name === 't') textDepth -= 1;
      if (name === 'rPh') guideDepth -= 1;
      if (name !== 'si') return;
      strings.push(output.take());
      checkParts(strings.length);
    },
    text(text) {
      if (textDepth > 0 && guideDepth === 0) output.append(text);
    },
  });
  return strings;
}

interface Workbook {
  readonly strings: readonly string[];
  readonly isDateStyle: (style: number) => boolean;
  readonly is1904: boolean;
}

/** What a cell shows: `type` and `style` are attributes of the cell. */
function cellText(
  { strings, isDateStyle, is1904 }: Workbook,
  { type, style }: { readonly type: string; readonly style: number },
  value: string,
): string {
  if (type === 's') return strings[Number(value)] ?? '';
  if (type === 'b') return value === '1' ? 'TRUE' : 'FALSE';
  const isDate = type === 'n' && value !== '' && isDateStyle(style);
  return isDate ? toDateText(Number(value), is1904) : value;
}

/** Writes the rows of a sheet as lines, with tabs between the cells that are not empty. */
function readSheet(bytes: Uint8Array, workbook: Workbook, output: TextBuilder): void {
  let cell = { type: 'n', style: 0 };
  let value = '';
  let row: string[] = [];
  let valueDepth = 0;
  let guideDepth = 0;
  readXml(bytes, {
    open(name, { t: type = 'n', s: style = '0' }) {
      if (name === 'row') row = [];
      if (name === 'c') cell = { type, style: Number(style) };
      if (name === 'c') value = '';
      if (name === 'v' || name === 't') valueDepth += 1;
      if (name === 'rPh') guideDepth += 1;
    },
    close(name) {
      if (name === 'v' || name === 't') valueDepth -= 1;
      if (name === 'rPh') guideDepth -= 1;
      if (name === 'c') {
        const text = cellText(workbook, cell, value).replaceAll('\n', ' ');
        if (text !== '') row.push(text);
      }
      if (name !== 'row' || row.length === 0) return;
      for (const text of row) output.append(`${text}\t`);
      output.append('\n');
    },
    text(text) {
      if (valueDepth > 0 && guideDepth === 0) value += text;
    },
  });
}

/** The sheets of a workbook in their order, with their names. */
function sheetsOf(file: OfficePackage, main: string) {
  const targets = new Map(file.relationships(main).map(({ id, target }) => [id, target]));
  const sheets: { readonly name: string; readonly part: string }[] = [];
  let is1904 = false;
  readXml(file.find(main) ?? new Uint8Array(), {
    open(element, { name = '', id = '', date1904 }) {
      if (element === 'workbookPr') is1904 = date1904 === '1' || date1904 === 'true';
      const part = targets.get(id);
      if (element === 'sheet' && part !== undefined) sheets.push({ name, part });
    },
  });
  return { sheets, is1904 };
}

/** The text of a workbook: a section for each sheet, which begins with the sheet's name. */
export function* readXlsx(file: OfficePackage, main: string): Iterable<Section> {
  const { sheets, is1904 } = sheetsOf(file, main);
  const part = (type: string) => file.find(file.related(main, type)[0] ?? '');
  const strings = readSharedStrings(part('sharedStrings'));
  const workbook = { strings, isDateStyle: readDateStyles(part('styles')), is1904 };
  const output = new TextBuilder();
  for (const sheet of sheets) {
    const bytes = file.find(sheet.part);
    if (bytes !== undefined) readSheet(bytes, workbook, output);
    const text = output.take();
    if (text !== '') yield { page: null, text: `${sheet.name}\n${text}` };
  }
}
