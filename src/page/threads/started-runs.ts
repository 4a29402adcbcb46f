/** Threads made just now → the assistant that shall answer their first message. */
export const startedRuns = new Map<string, string>();
