// The properties of a message, as the end of its topic: k=v&k=v, percent-encoded. System properties are keys that begin with
// `$.`: mid, cid, uid, to, ct, ce, exp, ifid, sub.

export type Properties = Readonly<Record<string, string | null>>;

/** The bag decoded; undefined: it is broken. `+` is a plus, `k` alone is null, `k=` the empty text; of equal keys the last counts. */
export function parsePropertyBag(bag: string): Properties | undefined {
  if (bag === '') return {};
  const found: Array<readonly [string, string | null]> = [];
  for (const pair of bag.split('&')) {
    const equals = pair.indexOf('=');
    const key = percentDecoded(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? null : percentDecoded(pair.slice(equals + 1));
    if (!key || value === undefined) return undefined;
    found.push([key, value]);
  }
  // Defines own properties whatever the names: __proto__ is a key like any other.
  return Object.fromEntries(found);
}

/** What the properties add to the size of a message: names and values in UTF-8. */
export function propertyBytes(properties: Properties): number {
  let bytes = 0;
  for (const [key, value] of Object.entries(properties)) {
    bytes += Buffer.byteLength(key) + (value === null ? 0 : Buffer.byteLength(value));
  }
  return bytes;
}

/** The text with %XX decoded as UTF-8; undefined: it is broken. */
export function percentDecoded(text: string): string | undefined {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
