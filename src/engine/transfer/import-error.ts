/** What is wrong with a file that is brought in, and where; nothing of the file is kept. */
export class ImportError extends Error {
  override readonly name = 'Refusal';

  constructor(place: string, sentence: string) {
    super(`${place}: ${sentence}`);
  }
}
