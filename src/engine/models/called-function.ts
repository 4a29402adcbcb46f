/** What servers leave before or after the name, of the format in which the model writes a call. */
const remains =
  /^(?:assistant|functions?|default_api|tools?)(?:[.:]|<\|[^|]*\|>)|<\|.*$|:\d+$|\(\)$/gsu;

/** The function that a call names: the name as written if no function of the run is found in it. */
export function calledFunction(written: string, functionNames: ReadonlySet<string>): string {
  if (functionNames.has(written)) return written;
  const name = written.trim().replace(remains, '').trim();
  return functionNames.has(name) ? name : written;
}
