// The figures of detection as tables, in the form that docs/detection.md has them in.

import {
  type BeaconFigures,
  type ByShare,
  type DetectorFigures,
  type HiddenFigures,
  type PeaceFigures,
  SHARES,
} from './figures.ts';

const NONE = '-';

export function detectorTable(rows: readonly DetectorFigures[]): string {
  const shares = SHARES.map((share) => share * 100).join(' / ');
  return markdown(
    [
      'attack',
      'scenarios',
      'caught',
      'another kind instead',
      `s until raised, of ${shares} % caught`,
      `slowest of which ${shares} % are caught`,
      'raised beside it',
    ],
    rows.map((row) => [
      words(`${row.kind} ${row.direction}`),
      String(row.scenarios),
      percent(row.caught, row.scenarios),
      row.caught === row.scenarios ? NONE : `${row.asAnotherKind} of ${row.scenarios - row.caught}`,
      row.seconds.map(seconds).join(' / '),
      row.unit === 'contacts' ? NONE : `${byShare(row.slowest)} ${row.unit}`,
      counts(row.beside),
    ]),
  );
}

export function hiddenTable(rows: readonly HiddenFigures[]): string {
  return markdown(
    ['hidden', 'behind', 'caught', 's until raised, at most', 'the loud one caught', 'raised beside'],
    rows.map((row) => [
      words(row.hidden),
      words(row.behind),
      `${row.caught} of ${row.scenarios}`,
      seconds(row.seconds),
      `${row.loudCaught} of ${row.scenarios}`,
      counts(row.beside),
    ]),
  );
}

export function peaceTable(rows: readonly PeaceFigures[]): string {
  const total = (of: (row: PeaceFigures) => number) => rows.reduce((sum, row) => sum + of(row), 0);
  const line = (name: string, days: number, frames: number, alarms: number, kinds: string) => [
    name,
    String(Math.round(days)),
    millions(frames),
    String(alarms),
    days === 0 ? NONE : String(round(alarms / days)),
    kinds,
  ];
  return markdown(
    ['device', 'device-days', 'million frames', 'false alarms', 'a device-day', 'of kind'],
    [
      ...rows.map((row) => line(row.device, row.days, row.frames, row.alarms, counts(row.kinds))),
      line(
        '**together**',
        total((row) => row.days),
        total((row) => row.frames),
        total((row) => row.alarms),
        '',
      ),
    ],
  );
}

/** A row for each period, a column for each jitter. */
export function beaconTable(rows: readonly BeaconFigures[]): string {
  const jitters = ascending(rows.map(({ jitter }) => jitter));
  const periods = ascending(rows.map(({ periodSeconds }) => periodSeconds));
  return markdown(
    ['every', ...jitters.map((jitter) => `jitter ${jitter} %`)],
    periods.map((period) => [
      `${period} s`,
      ...jitters.map((jitter) => {
        const cell = rows.find((row) => row.periodSeconds === period && row.jitter === jitter);
        if (cell === undefined) return NONE;
        const after = cell.periodsUntilRaised;
        return `${cell.caught} of ${cell.scenarios}${after === undefined ? '' : `, ${Math.round(after)} periods`}`;
      }),
    ]),
  );
}

function markdown(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

/** `SYN_FLOOD in` as the document has it: SYN flood in. */
function words(label: string): string {
  return label.replace(/[A-Z]+(_[A-Z]+)*/, (kind) =>
    kind
      .split('_')
      .map((word) => (/^(SYN|UDP|ICMP|DNS)$/.test(word) ? word : word.toLowerCase()))
      .join(' '),
  );
}

function counts(of: Readonly<Record<string, number>>): string {
  const found = Object.entries(of).map(([label, count]) => `${words(label)}: ${count}`);
  return found.join(', ') || NONE;
}

function byShare(values: ByShare): string {
  return values.map((value) => (value === undefined ? NONE : value.toLocaleString('en-US'))).join(' / ');
}

function seconds(value: number | undefined): string {
  if (value === undefined) return NONE;
  return value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en-US');
}

/** Cut, not rounded: 100 % is all of them. */
function percent(part: number, whole: number): string {
  return `${Math.floor((part / whole) * 1000) / 10} %`;
}

function millions(count: number): string {
  return (count / 1e6).toFixed(1);
}

/** Three places. */
function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function ascending(values: readonly number[]): number[] {
  return [...new Set(values)].sort((one, other) => one - other);
}
