/** Smaller pieces are copied together: a client may send one byte at a time. */
const minPieceBytes = 4096;
const copyBytes = 16_384;

/** Collects bytes that arrive in pieces of any size, and needs little more memory than the bytes. */
export class BytePieces {
  #pieces: Uint8Array[] = [];
  /** The end of the last piece is still free. */
  #copy: Buffer | null = null;
  #copied = 0;
  #length = 0;

  /** The number of bytes. */
  get length(): number {
    return this.#length;
  }

  /** Adds bytes, which must not change afterwards. */
  add(piece: Uint8Array): void {
    this.#length += piece.length;
    if (piece.length >= minPieceBytes || (this.#pieces.length === 0 && this.#copy === null)) {
      this.#endCopy();
      if (piece.length > 0) this.#pieces.push(piece);
      return;
    }
    if (this.#copied + piece.length > (this.#copy?.length ?? 0)) this.#endCopy();
    this.#copy ??= Buffer.allocUnsafeSlow(copyBytes);
    this.#copy.set(piece, this.#copied);
    this.#copied += piece.length;
  }

  /** All bytes, after which there are none. */
  take(): Uint8Array[] {
    this.#endCopy();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#length = 0;
    return pieces;
  }

  #endCopy(): void {
    if (this.#copy !== null) this.#pieces.push(this.#copy.subarray(0, this.#copied));
    this.#copy = null;
    this.#copied = 0;
  }
}
