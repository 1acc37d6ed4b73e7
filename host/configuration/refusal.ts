// Why a value is refused, and how it is shown to whoever gave it: short, printable, without secrets.

/** What a reader of values returns in place of one. */
export class Refusal {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** Characters of a refused value or name that are repeated. */
const SHOWN = 60;

/** A value as JSON, cut; a list or object by its size, for it may be large, deep, or hold a secret. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return printable(JSON.stringify(value.slice(0, SHOWN))) + more(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`;
  return String(value).slice(0, SHOWN);
}

/** A name somebody gave, cut, without quotes. */
export function shownName(name: string): string {
  return printable(name.slice(0, SHOWN)) + more(name);
}

/** At most so many characters, none of them half. */
export function cut(text: string, length: number): string {
  return text.slice(0, length).replace(/[\uD800-\uDBFF]$/, '');
}

function more(text: string): string {
  return text.length > SHOWN ? '...' : '';
}

/** Control and format characters and lone surrogates as escapes: the text may reach a terminal or a twin. */
function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
