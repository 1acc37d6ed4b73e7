// `wardlet inspect` on every capture gives exactly the flows of its oracle.

import { equal } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Claim } from './claim.ts';

interface Oracle {
  readonly file: string;
  readonly local: readonly string[];
  readonly frames: number;
  readonly counted: number;
  readonly ignored: Readonly<Record<'non_ip' | 'non_local' | 'local_to_local' | 'undecoded', number>>;
  readonly columns: readonly string[];
  readonly rows: ReadonlyArray<ReadonlyArray<string | number>>;
}

interface Inspected {
  readonly packets: {
    readonly seen: number;
    readonly counted: number;
    readonly ignored: Record<string, number>;
  };
  readonly flows: ReadonlyArray<Record<string, string | number>>;
}

const COMMAND = new URL('../../dist/cli/wardlet.js', import.meta.url).pathname;

export function captureClaims(folder: string): Claim[] {
  const oracles = readdirSync(join(folder, 'flows')).filter((name) => name.endsWith('.flows.json'));
  return oracles.sort().flatMap((name) => {
    const oracle = JSON.parse(readFileSync(join(folder, 'flows', name), 'utf8')) as Oracle;
    const file = join(folder, oracle.file.replace(/^.*\//, ''));
    return [[], ['--interval', 'capture'], ['--interval', '3600']].map((options) => ({
      name: `${[oracle.file, ...options].join(' ')}: exactly the flows of its oracle`,
      check: async () => compare(await inspect(file, oracle, options), oracle),
    }));
  });
}

async function inspect(file: string, oracle: Oracle, options: readonly string[]): Promise<Inspected> {
  const args = [COMMAND, 'inspect', file, '--json', '--local', oracle.local.join(','), ...options];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1 << 28 });
  return JSON.parse(stdout) as Inspected;
}

function compare(inspected: Inspected, oracle: Oracle): void {
  const { seen, counted, ignored } = inspected.packets;
  const ignoredTotal = Object.values(ignored).reduce((sum, count) => sum + count, 0);
  const unsupported = rowsOf(oracle)
    .filter(({ key }) => key === '')
    .reduce((sum, { packets }) => sum + packets, 0);
  equal(seen, counted + ignoredTotal, 'seen = counted + ignored');
  equal(seen, oracle.frames, 'frames');
  equal(counted, oracle.counted - unsupported, 'counted');
  equal(ignored.unsupported_protocol ?? 0, unsupported, 'unsupported_protocol');
  equal((ignored.malformed ?? 0) + (ignored.truncated ?? 0), oracle.ignored.undecoded, 'undecoded');
  for (const reason of ['non_ip', 'non_local', 'local_to_local'] as const) {
    equal(ignored[reason] ?? 0, oracle.ignored[reason], reason);
  }

  const expected = new Map<string, { bytesIn: number; bytesOut: number }>();
  for (const { key, bytesIn, bytesOut } of rowsOf(oracle)) {
    if (key === '') continue;
    const sum = expected.get(key) ?? { bytesIn: 0, bytesOut: 0 };
    expected.set(key, { bytesIn: sum.bytesIn + bytesIn, bytesOut: sum.bytesOut + bytesOut });
  }
  const text = (key: string, bytesIn: number, bytesOut: number) => `${key}: ${bytesIn} in, ${bytesOut} out`;
  const ours = inspected.flows.map((flow) => {
    const key = flowKey(
      flow.protocol,
      flow.localAddress,
      flow.localPort,
      flow.remoteAddress,
      flow.remotePort,
    );
    return text(key, Number(flow.bytesIn), Number(flow.bytesOut));
  });
  const theirs = [...expected].map(([key, { bytesIn, bytesOut }]) => text(key, bytesIn, bytesOut));
  equal(ours.sort().join('\n'), theirs.sort().join('\n'), 'flows');
}

/** key '': another protocol, which an agent ignores. */
function rowsOf({
  columns,
  rows,
}: Oracle): Array<{ key: string; packets: number; bytesIn: number; bytesOut: number }> {
  return rows.map((row) => {
    const value = (column: string) => row[columns.indexOf(column)] ?? Number.NaN;
    const protocol = String(value('proto')).replace('-frag', '').replace('icmp6', 'icmp').toUpperCase();
    const key = /^IP\d/.test(protocol)
      ? ''
      : flowKey(
          protocol,
          value('local_addr'),
          value('local_port'),
          value('remote_addr'),
          value('remote_port'),
        );
    return {
      key,
      packets: Number(value('pkts_in')) + Number(value('pkts_out')),
      bytesIn: Number(value('ip_payload_in')),
      bytesOut: Number(value('ip_payload_out')),
    };
  });
}

function flowKey(...parts: ReadonlyArray<string | number | undefined>): string {
  return parts.join(' ');
}
