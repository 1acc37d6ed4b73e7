// The whole process: `wardlet inspect` of a large capture, from the start of Node to the last byte of JSON, output checked.

import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PcapWriter } from '../host/capture/pcap-writer.ts';
import { manyFlows } from '../simulator/many-flows.ts';
import { median } from './measure.ts';

export interface InspectionFigures {
  readonly packets: number;
  readonly flows: number;
  readonly captureBytes: number;
  /** Median wall time of the whole process. */
  readonly seconds: number;
  readonly packetsPerSecond: number;
  /** Whether the process was held to one processor. */
  readonly oneCore: boolean;
  /** Whether NODE_EXTRA_CA_CERTS was set here, and left out. */
  readonly withoutCertificates: boolean;
}

const PACKETS = 1_000_000;
const FLOWS = 50_000;

/** command: path of the built command. Throws where its output is not what the generator put in. */
export function measureInspection(command: string, runs: number): InspectionFigures {
  const folder = mkdtempSync(join(tmpdir(), 'wardlet-bench-'));
  try {
    const file = join(folder, 'many-flows.pcap');
    const { linkType, localAddresses, totals, frames } = manyFlows({
      packets: PACKETS,
      flows: FLOWS,
      frameLength: 100,
    });
    const captureBytes = writeCapture(file, linkType, frames());
    const args = [command, 'inspect', file, '--json', '--local', localAddresses.join(',')];
    const pin = canPin() ? ['taskset', '-c', '0'] : [];
    const [program = process.execPath, ...rest] = [...pin, process.execPath, ...args];
    // With it Node reads every certificate of the machine at its start, 38 ms: no part of inspecting a file, which opens no connection.
    const { NODE_EXTRA_CA_CERTS: certificates, ...env } = process.env;
    const seconds: number[] = [];
    for (let run = 0; run < runs; run++) {
      const output = join(folder, 'output.json');
      const descriptor = openSync(output, 'w');
      const start = performance.now();
      execFileSync(program, rest, { stdio: ['ignore', descriptor, 'inherit'], env });
      seconds.push((performance.now() - start) / 1000);
      closeSync(descriptor);
      check(readFileSync(output, 'utf8'), totals);
    }
    const middle = median(seconds);
    return {
      packets: PACKETS,
      flows: FLOWS,
      captureBytes,
      seconds: middle,
      packetsPerSecond: PACKETS / middle,
      oneCore: pin.length > 0,
      withoutCertificates: certificates !== undefined,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function writeCapture(
  file: string,
  linkType: number,
  frames: Iterable<{ timeMs: number; bytes: Uint8Array }>,
): number {
  const descriptor = openSync(file, 'w');
  let written = 0;
  const writer = new PcapWriter(
    (chunk) => {
      for (let at = 0; at < chunk.length; ) at += writeSync(descriptor, chunk, at);
      written += chunk.length;
    },
    { linkType },
  );
  for (const { timeMs, bytes } of frames) writer.write(timeMs, bytes);
  writer.end();
  closeSync(descriptor);
  return written;
}

function check(
  json: string,
  totals: { readonly flows: number; readonly bytesIn: number; readonly bytesOut: number },
): void {
  const { packets, flows } = JSON.parse(json) as {
    packets: { seen: number; counted: number };
    flows: Array<{ bytesIn: number; bytesOut: number }>;
  };
  const bytesIn = flows.reduce((sum, flow) => sum + flow.bytesIn, 0);
  const bytesOut = flows.reduce((sum, flow) => sum + flow.bytesOut, 0);
  const found = [packets.seen, packets.counted, flows.length, bytesIn, bytesOut].join(' ');
  const expected = [PACKETS, PACKETS, totals.flows, totals.bytesIn, totals.bytesOut].join(' ');
  if (found !== expected) throw new Error(`inspect found ${found}, the capture holds ${expected}`);
}

/** Linux can hold a process to one processor; elsewhere the figure says it was not. */
function canPin(): boolean {
  try {
    execFileSync('taskset', ['-c', '0', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
