import { readXml } from './xml.ts';

/* A workbook stores a date as a number of days; only the cell's style says that it is one. */

/** The built-in formats of dates and times. */
const dateFormats = new Set([
  14, 15, 16, 17, 18, 19, 20, 21, 22, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 45, 46, 47, 50, 51,
  52, 53, 54, 55, 56, 57, 58,
]);

/** Whether a format's code shows a date: it has a letter of one outside of quoted text. */
const isDateCode = (code: string): boolean =>
  /[dmyhs]/iu.test(code.replaceAll(/"[^"]{0,200}"|\[[^[\]]{0,200}\]|\\./gu, '')) &&
  !/General/u.test(code);

/** Finds out which styles of cells show dates. */
export function readDateStyles(bytes: Uint8Array | undefined): (style: number) => boolean {
  const formats = new Set(dateFormats);
  const styles: boolean[] = [];
  let inCellStyles = false;
  readXml(bytes ?? new Uint8Array(), {
    open(name, { numFmtId, formatCode = '' }) {
      if (name === 'numFmt' && isDateCode(formatCode)) formats.add(Number(numFmtId));
      if (name === 'cellXfs') inCellStyles = true;
      if (name === 'xf' && inCellStyles) styles.push(formats.has(Number(numFmtId)));
    },
    close(name) {
      if (name === 'cellXfs') inCellStyles = false;
    },
  });
  return (style) => styles[style] === true;
}

const msPerDay = 24 * 60 * 60 * 1000;
const firstDay = Date.UTC(1899, 11, 30);
const firstDay1904 = Date.UTC(1904, 0, 1);

/** A number of days as a date, with the time if it has one; a number that is none stays. */
export function toDateText(days: number, is1904: boolean): string {
  const time = (is1904 ? firstDay1904 : firstDay) + Math.round(days * 86_400) * 1000;
  if (!Number.isFinite(time) || Math.abs(days) > 2_958_465) return String(days);
  const [date = '', clock = ''] = new Date(time).toISOString().split('T');
  if (days >= 0 && days < 1) return clock.slice(0, 8);
  return time % msPerDay === 0 ? date : `${date} ${clock.slice(0, 8)}`;
}
