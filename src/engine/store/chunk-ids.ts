/** A file has at most 2 to this power chunks: the lower bits of a chunk's id are its position. */
export const positionBits = 20;

const positionsPerFile = 2 ** positionBits;

/** The id of a chunk says which file it belongs to, so that no query has to look that up. */
export const chunkId = (file_seq: number, position: number): number =>
  file_seq * positionsPerFile + position;

export const fileSeqOf = (id: number): number => Math.floor(id / positionsPerFile);

export const positionOf = (id: number): number => id % positionsPerFile;
