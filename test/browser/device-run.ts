// A short life of a device: fixed seed, clock and packets. Runs in Node and in the page.

import {
  type CoreSource,
  decodeMessage,
  loadCore,
  type MessageFormat,
  type SecurityMessage,
  visitFlows,
  writeFrame,
} from '../../bindings/js/index.ts';
import { frame, peerV4, peerV6 } from '../support/packets.ts';

export interface DeviceRun {
  /** Of each message. */
  readonly messages: ReadonlyArray<readonly number[]>;
  readonly decoded: readonly SecurityMessage[];
  readonly bytesOut: number;
}

export const FORMATS = ['2.3', '3.0-flatbuffers', '3.0-protobuf'] as const;

const START = 1_700_000_000_000;

export async function runDevice(source: CoreSource, format: MessageFormat): Promise<DeviceRun> {
  const core = await loadCore(source);
  core.configure({
    format,
    seed: Uint8Array.from({ length: 32 }, (_, index) => index),
    localAddresses: ['10.0.0.5/24', '2001:db8::5'],
    operatingSystem: 'Browser härte 1',
  });
  core.start(START);
  let length = 0;
  for (let number = 0; number < 40; number++) {
    const { bytes } = frame({
      to: number % 2 ? peerV4(number) : peerV6(number),
      protocol: number % 3 ? 'TCP' : 'UDP',
      payload: number,
    });
    const end = writeFrame(core.input, length, START + number, bytes);
    if (end === length) throw new Error('the frames do not fit one batch');
    length = end;
  }
  if (core.observe(0, length) !== length) throw new Error('not every frame was taken');
  core.collect(START + 10_000);

  const messages: number[][] = [];
  const decoded: SecurityMessage[] = [];
  let bytesOut = 0;
  for (let message = core.nextMessage(); message; message = core.nextMessage()) {
    messages.push([...message.bytes]);
    decoded.push(decodeMessage(message.bytes, message.format));
    visitFlows(message.bytes, message.format, (flow) => {
      bytesOut += flow.bytesOut;
    });
    core.acknowledge(message.sequence);
  }
  return { messages, decoded, bytesOut };
}
