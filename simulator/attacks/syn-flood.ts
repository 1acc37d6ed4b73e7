// Connections that are begun and never finished, more than a table of half-open ones can hold.
import type { HomeNetwork } from '../home-network.ts';
import { ACK, type Address, maximumSegmentSize, RST, SYN, tcpSegment, WINDOW } from '../packets/index.ts';
import type { Random } from '../random.ts';
import { type Jitter, paced } from '../schedule.ts';
import type { Activity } from '../timeline.ts';
import {
  type AttackOptions,
  answerMs,
  fateOf,
  periodOf,
  type Reaction,
  sendBack,
  sendForth,
} from './attack.ts';
import { type FloodPeers, floodPeers } from './flood-sources.ts';

export interface SynFloodOptions extends AttackOptions {
  readonly packetsPerSecond: number;
  /** Default 'random'. */
  readonly jitter?: Jitter;
  /** Default: 'spoofed' in, one target out. */
  readonly peers?: FloodPeers;
  /** The one at the other end, where it is known. */
  readonly peer?: Address;
  /** Default 80. */
  readonly port?: number;
  /** Of those that get a SYN; default: most answer at first, as a stack with a backlog does. */
  readonly reaction?: Reaction;
  /** Share of spoofed hosts that are there, and reset what they never asked for; default 0.2. */
  readonly backscatter?: number;
  /** SYNs that ask for explicit congestion notification too, as some tools' do (RFC 3168 6.1.1). */
  readonly ecn?: boolean;
}

const A_BACKLOG: Reaction = { answers: 0.6, refuses: 0 };
const ECE_AND_CWR = 0xc0;
const NOTHING = new Uint8Array(0);
const SYN_OPTIONS = maximumSegmentSize(1460);

export function* synFlood(network: HomeNetwork, random: Random, options: SynFloodOptions): Activity {
  const { direction, family = 'IPv4', port = 80, reaction = A_BACKLOG, backscatter = 0.2 } = options;
  const peers = options.peers ?? (direction === 'in' ? 'spoofed' : 1);
  const nextPeer = floodPeers(random, family, peers, options.peer);
  const flags = SYN | (options.ecn === true ? ECE_AND_CWR : 0);
  for (const timeMs of paced(
    random,
    periodOf(options),
    options.packetsPerSecond,
    options.jitter ?? 'random',
  )) {
    yield timeMs;
    const opposite = nextPeer();
    const attackerPort = random.integer(1024, 65_535);
    const sequence = random.next();
    const forth = { sourcePort: attackerPort, destinationPort: port, sequence, flags, options: SYN_OPTIONS };
    sendForth(network, direction, timeMs, opposite, tcpSegment(forth));
    const fate = fateOf(random, reaction);
    if (fate === 'silent') continue;
    const backMs = answerMs(random, direction, timeMs, opposite);
    const isAnswer = fate === 'answers';
    const back = {
      sourcePort: port,
      destinationPort: attackerPort,
      sequence: isAnswer ? random.next() : 0,
      acknowledgement: sequence + 1,
      flags: isAnswer ? SYN | ACK : RST | ACK,
      window: isAnswer ? WINDOW : 0,
      options: isAnswer ? SYN_OPTIONS : NOTHING,
    };
    sendBack(network, direction, backMs, opposite, tcpSegment(back));
    if (isAnswer && direction === 'in' && peers === 'spoofed' && random.chance(backscatter)) {
      const reset = {
        sourcePort: attackerPort,
        destinationPort: port,
        sequence: sequence + 1,
        flags: RST,
        window: 0,
      };
      sendForth(network, direction, backMs + opposite.roundTripMs, opposite, tcpSegment(reset));
    }
  }
}
