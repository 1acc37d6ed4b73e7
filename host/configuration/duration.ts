// Durations as people, twins and ISO 8601 write them: 30 in a unit of the key's, 10s, 5m, 2h, 1d, PT7M, P1DT12H.

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, min: 60, h: 3600, d: 86_400 };
/** Longer than any duration one can mean. */
const TEXT_MAX = 32;
const ISO = /^P(?:(\d{1,9})W)?(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?$/i;

/** Whole seconds; undefined for what is no duration. A number without a unit counts `unitSeconds` each. */
export function parseSeconds(given: unknown, unitSeconds: number): number | undefined {
  if (typeof given === 'number') return whole(given, unitSeconds);
  if (typeof given !== 'string' || given.length > TEXT_MAX) return undefined;
  const text = given.trim();
  const simple = /^(\d{1,12})\s*(s|min|m|h|d)?$/i.exec(text);
  if (simple) {
    const unit = simple[2]?.toLowerCase();
    return whole(Number(simple[1]), unit === undefined ? unitSeconds : (SECONDS[unit] ?? unitSeconds));
  }
  const iso = ISO.exec(text);
  // `P` and `PT` alone, and a T with nothing behind it, are none.
  if (!iso || /[PT]$/i.test(text)) return undefined;
  const [weeks, days, hours, minutes, seconds] = iso.slice(1).map((part) => Number(part ?? 0));
  return (
    (weeks ?? 0) * 604_800 + (days ?? 0) * 86_400 + (hours ?? 0) * 3600 + (minutes ?? 0) * 60 + (seconds ?? 0)
  );
}

function whole(count: number, unitSeconds: number): number | undefined {
  return Number.isSafeInteger(count) && count >= 0 ? count * unitSeconds : undefined;
}
