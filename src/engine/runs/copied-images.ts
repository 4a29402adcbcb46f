import { type EndpointFiles, toImageUrl } from '../models/endpoint-files.ts';
import { findContent } from '../store/files.ts';
import type { Database } from '../store/schema.ts';

/** The endpoint's files, but for images of which there are copies: those need not be asked for. */
export const preferLocalImages = (files: EndpointFiles, db: Database): EndpointFiles => ({
  ...files,
  async readImage(file_id, signal) {
    const copy = await findContent(db, file_id);
    return copy === undefined ? files.readImage(file_id, signal) : toImageUrl(copy);
  },
});
