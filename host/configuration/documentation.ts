// The schema in words: rows for the command's help, tables for docs/configuration.md.

import { variableOf } from './environment.ts';
import { type Circumstances, DEFINITIONS, KEY_NAMES, type KeyName, LATER, SOURCES } from './keys.ts';

export interface KeyDescription {
  readonly key: KeyName;
  readonly values: string;
  readonly initially: string;
  readonly summary: string;
  /** Where it may come from, in words. */
  readonly from: string;
  readonly variable: string;
  /** The option of the core, or of whom else it is. */
  readonly goesTo: string;
}

/** Only for the defaults that depend on nothing. */
const ANY: Circumstances = {
  limits: {
    profile: 'standard',
    flows: 64,
    localAddresses: 8,
    textBytes: 128,
    detects: true,
    formats: ['3.0-protobuf'],
  },
  format: '3.0-protobuf',
};

export function describeKeys(): readonly KeyDescription[] {
  return KEY_NAMES.map((key) => {
    const { kind, initial, initially, summary, from, core } = DEFINITIONS[key];
    return {
      key,
      values: kind.syntax,
      initially: initially ?? inWords(kind.write(initial(ANY))),
      summary,
      from:
        from.length === SOURCES.length
          ? 'anywhere'
          : from.includes('twin')
            ? from.join(', ')
            : `${from.join(', ')}; never the twin`,
      variable: variableOf(key),
      goesTo: core === undefined ? 'the host' : `the core: ${core}`,
    };
  });
}

/** A document with its tables written anew: what stands between `<!-- keys -->` and `<!-- end -->`, and so on. */
export function withTables(document: string): string {
  return Object.entries(TABLES).reduce((text, [name, table]) => {
    const place = new RegExp(`(<!-- ${name} -->\n)[\\s\\S]*?(<!-- end -->)`);
    return text.replace(place, (_, begin: string, end: string) => `${begin}${table()}\n${end}`);
  }, document);
}

const TABLES: Readonly<Record<string, () => string>> = {
  keys: () =>
    table(
      ['key', 'values', 'default', 'what it is'],
      describeKeys().map(({ key, values, initially, summary }) => [`\`${key}\``, values, initially, summary]),
    ),
  places: () =>
    table(
      ['key', 'variable', 'from', 'goes to'],
      describeKeys().map(({ key, variable, from, goesTo }) => [
        `\`${key}\``,
        `\`${variable}\``,
        from,
        goesTo.replace(/: (\w+)$/, ': `$1`'),
      ]),
    ),
  later: () =>
    table(
      ['key', 'why not'],
      Object.entries(LATER).map(([start, why]) => [`\`${start}${start.endsWith('_') ? '*' : ''}\``, why]),
    ),
};

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(titles), `|${titles.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}

function inWords(value: unknown): string {
  if (Array.isArray(value))
    return value.length === 0 ? 'none' : value.map((item) => `\`${item}\``).join(', ');
  if (typeof value === 'number') return value.toLocaleString('en-US');
  return value === '' || value === null ? 'none' : `\`${value}\``;
}
