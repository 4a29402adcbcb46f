import { ApiError } from '../../shared/errors.ts';

const badRequest = (message: string, details: { param?: string; code?: string } = {}): ApiError =>
  new ApiError(400, message, details);

const units = ['bytes', 'KB', 'MB', 'GB', 'TB'] as const;

/** A size as people write it: 512 MB. */
function formatSize(bytes: number): string {
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  const amount = Math.round((bytes / 1024 ** power) * 100) / 100;
  return `${amount} ${units[power]}`;
}

/** Errors of the Files and Uploads APIs, where known in the words of the hosted service. */
export const fileErrors = {
  missingProperty: (name: string) => badRequest(`'${name}' is a required property`),
  unexpectedProperty: (name: string) =>
    badRequest(`Additional properties are not allowed ('${name}' was unexpected)`),
  wrongPurpose: (purpose: string, allowed: readonly string[]) =>
    badRequest(
      `'${purpose}' is not one of [${allowed.map((name) => `'${name}'`).join(', ')}] - 'purpose'`,
    ),
  fileTooLarge: (maxBytes: number) =>
    badRequest(`File is too large. Files can have at most ${formatSize(maxBytes)}.`),
  storageExceeded: (maxBytes: number) =>
    badRequest(
      `You have exceeded your file storage quota. Projects are limited to ${formatSize(maxBytes)} of files. Please delete old files or attempt with a smaller file size.`,
    ),

  /** From here on: errors whose hosted wording is not known. */
  notMultipart: (name: string) =>
    badRequest(`'${name}' is a required property. Send the body as multipart/form-data.`),
  malformedForm: (reason: string) =>
    badRequest(`We could not parse the multipart body of your request: ${reason}.`),
  fileWithoutName: (name: string) =>
    badRequest(
      `Invalid '${name}': expected a file with a filename, but got a text field instead.`,
      {
        param: name,
        code: 'invalid_type',
      },
    ),
  tooSlow: () => new ApiError(408, 'The request body did not arrive in time.'),
  rangeNotSatisfiable: (bytes: number) =>
    new ApiError(416, `The requested range is not within the ${bytes} bytes of the file.`, {
      headers: { 'content-range': `bytes */${bytes}` },
    }),

  uploadNotFound: (id: string) =>
    new ApiError(404, `No such Upload object: ${id}`, { param: 'id' }),
  uploadEnded: (verb: string, status: string) =>
    badRequest(`Cannot ${verb} upload with status '${status}'.`),
  partTooLarge: (maxBytes: number) =>
    badRequest(`Part is too large. Parts can have at most ${formatSize(maxBytes)}.`),
  partsTooLarge: (maxBytes: number) =>
    badRequest(`The parts of an upload can have at most ${formatSize(maxBytes)} together.`),
  unknownPart: (part_id: string, upload_id: string) =>
    badRequest(`Invalid 'part_ids': no part '${part_id}' was added to upload '${upload_id}'.`, {
      param: 'part_ids',
      code: 'invalid_value',
    }),
  repeatedPart: (part_id: string) =>
    badRequest(`Invalid 'part_ids': part '${part_id}' is listed more than once.`, {
      param: 'part_ids',
      code: 'invalid_value',
    }),
  wrongByteCount: (got: number, expected: number) =>
    badRequest(
      `The parts have ${got} bytes, but the upload was created with 'bytes' ${expected}.`,
      { param: 'part_ids', code: 'invalid_value' },
    ),
  wrongChecksum: (got: string, expected: string) =>
    badRequest(`The MD5 checksum of the parts is '${got}', but 'md5' is '${expected}'.`, {
      param: 'md5',
      code: 'invalid_value',
    }),
  wrongUploadSize: (bytes: number, maximum: number) =>
    badRequest(
      `Invalid 'bytes': integer above maximum value. Expected a value <= ${maximum}, but got ${bytes} instead.`,
      { param: 'bytes', code: 'integer_above_max_value' },
    ),
} as const;
