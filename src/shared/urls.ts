/** Whether a location names a PostgreSQL database rather than a file. */
export const isPostgresUrl = (location: string): boolean =>
  /^postgres(?:ql)?:\/\//iu.test(location);

/** A location as it may be shown and logged: of a URL neither user, password nor settings. */
export const redactedLocation = (location: string): string =>
  isPostgresUrl(location) ? location.replace(/^(\w+:\/\/)(?:.*@)?([^?]*).*$/su, '$1$2') : location;
/** Whether a host can be reached from this machine alone, by its name or its address. */
export const isLoopback = (host: string): boolean =>
  /^(?:localhost|127(?:\.\d{1,3}){3}|::1|\[::1\])$/iu.test(host);
