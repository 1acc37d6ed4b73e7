// Text for people. Whatever comes from outside is made printable first: a capture or a device must not steer a terminal.

import { stripVTControlCharacters } from 'node:util';
import { out } from './colours.ts';

/** Control and format characters (bidirectional overrides among them), lone surrogates and line separators as escapes. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** Rows may hold colours; widths are those of the visible text. The last column is not padded. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const width = (cell: string | undefined) => stripVTControlCharacters(cell ?? '').length;
  const widths = columns.map(({ title }, index) =>
    rows.reduce((widest, row) => Math.max(widest, width(row[index])), title.length),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, index) => {
        const space = ' '.repeat((widths[index] ?? 0) - width(cell));
        if (columns[index]?.align === 'right') return space + cell;
        return index === columns.length - 1 ? cell : cell + space;
      })
      .join('  ')
      .trimEnd();
  return [out.dim(line(columns.map(({ title }) => title))), ...rows.map(line)].join('\n');
}

/** 12345 as 12,345. */
export function grouped(number: number): string {
  if (!Number.isSafeInteger(number)) return number.toLocaleString('en-US');
  // The first use of a locale costs 10 ms: a quick command needs none.
  return String(number).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** 1234567 bytes as 1.2 MB; powers of 1000. */
export function byteSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  let size = bytes;
  let unit = 'B';
  for (const next of ['kB', 'MB', 'GB', 'TB', 'PB']) {
    if (size < 999.5) break;
    size /= 1000;
    unit = next;
  }
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} ${unit}`;
}

/** The two largest units: 7 d 6 h, 10 min 2 s, 0.4 s. */
export function duration(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const units: ReadonlyArray<readonly [string, number]> = [
    ['y', 31_557_600_000],
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1000],
  ];
  const first = units.findIndex(([, size]) => ms >= size);
  let rest = ms;
  const parts: string[] = [];
  for (const [name, size] of units.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${name}`);
  }
  return parts.join(' ');
}

/** RFC 5952 section 6: brackets where a port follows an IPv6 address. Without a port (ICMP, fragments) the address alone. */
export function endpoint(address: string, port: number): string {
  if (port === 0) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
