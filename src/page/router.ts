import { useEffect, useState } from 'preact/hooks';

/** A place in the page: the path and the filters after the `#` of its address. */
export interface Place {
  readonly path: readonly string[];
  readonly query: Readonly<Record<string, string>>;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Reads the part of an address after `#`. */
export function parsePlace(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#\/?/u, '').split('?', 2);
  return {
    path: path.split('/').filter(Boolean).map(decode),
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}

/** The address of a place, for links; empty filters are left out. */
export function hrefOf(path: readonly string[], query: Place['query'] = {}): string {
  const set = Object.entries(query).filter(([, value]) => value !== '');
  const search = new URLSearchParams(set).toString();
  const base = `#/${path.map((segment) => encodeURIComponent(segment)).join('/')}`;
  return search === '' ? base : `${base}?${search}`;
}

/** Goes to a place; `replace` leaves no entry for the back button. */
export function goTo(path: readonly string[], query: Place['query'] = {}, replace = false): void {
  const href = hrefOf(path, query);
  if (replace) {
    history.replaceState(null, '', href);
    dispatchEvent(new HashChangeEvent('hashchange'));
  } else {
    location.hash = href;
  }
}

export function usePlace(): Place {
  const [place, setPlace] = useState(() => parsePlace(location.hash));
  useEffect(() => {
    const onChange = () => setPlace(parsePlace(location.hash));
    addEventListener('hashchange', onChange);
    return () => removeEventListener('hashchange', onChange);
  }, []);
  return place;
}
