// Traffic for benchmarks: many flows at once, their packets shuffled, so that every packet meets another flow than the one before
// it. Between one local address and hosts of 198.18.0.0/15, which RFC 2544 keeps for benchmarks.
import type { PcapFrame } from '../host/capture/pcap-writer.ts';
import { LINK_ETHERNET } from '../schema/frame.ts';
import {
  ACK,
  addWords,
  checksumOf,
  ethernetFrame,
  ipPacket,
  PSH,
  tcpSegment,
  udpDatagram,
} from './packets/index.ts';
import { Random } from './random.ts';

export interface ManyFlowsOptions {
  /** 32 bits of it count; default 1. */
  readonly seed?: number;
  /** Default 1,000,000; at least as many as flows. */
  readonly packets?: number;
  /** 1 to 2,097,152; default 50,000. Every other one is TCP, the rest UDP. */
  readonly flows?: number;
  /** Bytes of each Ethernet frame: 60 to 1,514, default 100. */
  readonly frameLength?: number;
  /** Of the whole; default 60,000. */
  readonly durationMs?: number;
}

/** What a flow table must find in all frames together; out: sent by the local address. */
export interface ManyFlowsTotals {
  readonly flows: number;
  readonly packetsOut: number;
  readonly packetsIn: number;
  /** Transport header and payload, as a security message counts. */
  readonly bytesOut: number;
  readonly bytesIn: number;
}

export interface ManyFlows {
  readonly linkType: number;
  readonly localAddresses: readonly string[];
  readonly totals: ManyFlowsTotals;
  /** In order of time, the same ones every time. The bytes of a frame are valid until the next one is taken. */
  frames(): Iterable<PcapFrame>;
}

const DEFAULTS = {
  seed: 1,
  packets: 1_000_000,
  flows: 50_000,
  frameLength: 100,
  durationMs: 60_000,
} as const;

/** 2025-06-02 08:00:00 UTC. */
const START_MS = 1_748_851_200_000;
const LOCAL = '192.0.2.50';
const LOCAL_NUMBER = 0xc0000232;
const REMOTE_NETWORK = 0xc6120000;
/** /15 */
const REMOTES = 1 << 17;
/** Flows to one remote differ in their local port. */
const LOCAL_PORTS = 1 << 14;
const FIRST_LOCAL_PORT = 49_152;
const MOST_FLOWS = 1 << 21;
const TCP_PORTS = [443, 8883, 80, 5671] as const;
/** Of no protocol in particular: the payload is none. */
const UDP_PORTS = [50_100, 50_200, 50_300, 50_400] as const;

// Where fields stand in a frame without VLAN tags and IP options.
const IP = 14;
const TRANSPORT = IP + 20;
const TCP_HEADER = 20;

/** @throws RangeError for options out of their range */
export function manyFlows(options: ManyFlowsOptions = {}): ManyFlows {
  const { seed, packets, flows, frameLength, durationMs } = { ...DEFAULTS, ...options };
  checkRange('flows', flows, 1, MOST_FLOWS);
  checkRange('packets', packets, flows, 0xffff_ffff);
  checkRange('frameLength', frameLength, 60, 1514);
  return {
    linkType: LINK_ETHERNET,
    localAddresses: [LOCAL],
    totals: totalsOf(packets, flows, frameLength - TRANSPORT),
    frames: () => frames(seed, packets, flows, frameLength, durationMs),
  };
}

/** Of n packets of a flow the first goes out, the second comes in, and so on. */
function totalsOf(packets: number, flows: number, bytesEach: number): ManyFlowsTotals {
  const fewer = Math.floor(packets / flows);
  const withOneMore = packets % flows;
  const packetsOut = (flows - withOneMore) * Math.ceil(fewer / 2) + withOneMore * Math.ceil((fewer + 1) / 2);
  const packetsIn = packets - packetsOut;
  return { flows, packetsOut, packetsIn, bytesOut: packetsOut * bytesEach, bytesIn: packetsIn * bytesEach };
}

function* frames(
  seed: number,
  packets: number,
  flows: number,
  frameLength: number,
  durationMs: number,
): Generator<PcapFrame> {
  const random = new Random(seed);
  const order = shuffledOrder(random, packets, flows);
  const portChoices = random.bytes(flows);
  const shares = random.fork();
  /** Packets of each flow so far. */
  const sent = new Uint32Array(flows);
  const tcp = new FrameTemplate(frameLength, true);
  const udp = new FrameTemplate(frameLength, false);
  const stepMs = durationMs / packets;
  for (let i = 0; i < packets; i++) {
    const flow = order[i] ?? 0;
    const isTcp = (flow & 1) === 0;
    const ports = isTcp ? TCP_PORTS : UDP_PORTS;
    const count = sent[flow] ?? 0;
    sent[flow] = count + 1;
    const template = isTcp ? tcp : udp;
    template.set(flow, ports[(portChoices[flow] ?? 0) & 3] ?? ports[0], count);
    yield { timeMs: START_MS + (i + shares.fraction()) * stepMs, bytes: template.bytes };
  }
}

/** Each flow as often as any other, once more or less, in any order. */
function shuffledOrder(random: Random, packets: number, flows: number): Uint32Array {
  const order = new Uint32Array(packets);
  for (let i = 0; i < packets; i++) order[i] = i % flows;
  for (let last = packets - 1; last > 0; last--) {
    const other = random.integer(0, last);
    const moved = order[other] ?? 0;
    order[other] = order[last] ?? 0;
    order[last] = moved;
  }
  return order;
}

/** One frame whose addresses, ports and numbers are written anew for each packet, its checksums with them. */
class FrameTemplate {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #isTcp: boolean;
  readonly #payloadLength: number;
  /** Sums of all that does not change. */
  readonly #ipSum: number;
  readonly #transportSum: number;

  constructor(frameLength: number, isTcp: boolean) {
    const payloadLength = frameLength - TRANSPORT - (isTcp ? TCP_HEADER : 8);
    const payload = Uint8Array.from({ length: payloadLength }, (_, at) => at);
    const ports = { sourcePort: 0, destinationPort: 0, payload };
    const transport = isTcp ? tcpSegment({ ...ports, flags: ACK | PSH }) : udpDatagram(ports);
    const zero = new Uint8Array(4);
    const mac = { source: '00:00:5e:00:53:32', destination: '00:00:5e:00:53:01' };
    this.bytes = ethernetFrame(mac, ipPacket({ source: zero, destination: zero }, transport));
    this.#view = new DataView(this.bytes.buffer);
    this.#isTcp = isTcp;
    this.#payloadLength = payloadLength;
    const ipHeader = this.bytes.slice(IP, TRANSPORT);
    ipHeader.fill(0, 10, 12);
    this.#ipSum = addWords(ipHeader);
    this.#transportSum = addWords(transport.bytes, transport.bytes.length + transport.protocol);
  }

  /** count: packets of the flow before this one; an even one goes out. */
  set(flow: number, remotePort: number, count: number): void {
    const view = this.#view;
    const remote = REMOTE_NETWORK + (Math.imul(flow, 0x9e37) & (REMOTES - 1));
    const localPort = FIRST_LOCAL_PORT + (Math.imul(flow >>> 7, 0x2545) & (LOCAL_PORTS - 1));
    const isOut = (count & 1) === 0;
    view.setUint32(IP + 12, isOut ? LOCAL_NUMBER : remote);
    view.setUint32(IP + 16, isOut ? remote : LOCAL_NUMBER);
    const addresses = words(LOCAL_NUMBER) + words(remote);
    view.setUint16(IP + 10, checksumOf(this.#ipSum + addresses));

    view.setUint16(TRANSPORT, isOut ? localPort : remotePort);
    view.setUint16(TRANSPORT + 2, isOut ? remotePort : localPort);
    const sum = this.#transportSum + addresses + localPort + remotePort;
    if (this.#isTcp) {
      // Each side has sent half of the packets before; the capture begins in the middle of the connections.
      const local = (flow << 8) + ((count + 1) >>> 1) * this.#payloadLength;
      const other = (flow << 9) + (count >>> 1) * this.#payloadLength;
      const sequence = (isOut ? local : other) >>> 0;
      const acknowledgement = (isOut ? other : local) >>> 0;
      view.setUint32(TRANSPORT + 4, sequence);
      view.setUint32(TRANSPORT + 8, acknowledgement);
      view.setUint16(TRANSPORT + 16, checksumOf(sum + words(sequence) + words(acknowledgement)));
    } else {
      // RFC 768: zero would say that there is none.
      view.setUint16(TRANSPORT + 6, checksumOf(sum) || 0xffff);
    }
  }
}

/** The two 16-bit words of a 32-bit number, added. */
function words(number: number): number {
  return (number >>> 16) + (number & 0xffff);
}

function checkRange(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${name} is ${value}; it must be a whole number from ${least} to ${most}`);
  }
}
