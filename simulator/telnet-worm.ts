// The device has turned bad: like Mirai and its kin it looks for telnet on one address after another.
import { DEVICE, type HomeNetwork, SERVERS } from './home-network.ts';
import type { Random } from './random.ts';
import { TcpSession } from './tcp-session.ts';

export interface TelnetWormOptions {
  readonly startMs: number;
  /** At most 500: there are no more documentation addresses outside. */
  readonly targets: number;
  readonly hostsPerSecond: number;
}

/** What the scan met; targets = unanswered + refused + accepted. */
export interface TelnetWorm {
  readonly targets: number;
  readonly unanswered: number;
  readonly refused: number;
  readonly accepted: number;
  readonly startMs: number;
  /** Of the last frame. */
  readonly endMs: number;
}

/** Mirai tries port 2323 with every tenth address (Antonakakis et al., USENIX Security 2017). */
const SECOND_PORT_SHARE = 0.1;
const REFUSED_SHARE = 0.1;
const ACCEPTED_SHARE = 0.03;
/** A SYN nobody answers is sent again after this. RFC 6298 2.1 */
const RETRY_MS = 1000;
const ROUND_TRIP_MS = [30, 220] as const;
const FIRST_PORT = 40_000;

export function telnetWorm(
  network: HomeNetwork,
  random: Random,
  { startMs, targets, hostsPerSecond }: TelnetWormOptions,
): TelnetWorm {
  const addresses = outsideAddresses(random);
  if (targets > addresses.length) throw new RangeError(`${targets} targets, at most ${addresses.length}`);
  const met = { unanswered: 0, refused: 0, accepted: 0 };
  let timeMs = startMs;
  let endMs = startMs;
  for (const [i, address] of addresses.slice(0, targets).entries()) {
    timeMs += random.exponential(1000 / hostsPerSecond);
    const attempt = new TcpSession(network, random, {
      devicePort: FIRST_PORT + i,
      remoteAddress: address,
      remotePort: random.chance(SECOND_PORT_SHARE) ? 2323 : 23,
      startMs: timeMs,
      roundTripMs: random.between(...ROUND_TRIP_MS),
    });
    met[tryTelnet(attempt, random)]++;
    endMs = Math.max(endMs, attempt.timeMs);
  }
  return { targets, ...met, startMs, endMs };
}

function tryTelnet(attempt: TcpSession, random: Random): 'unanswered' | 'refused' | 'accepted' {
  const fate = random.fraction();
  if (fate < ACCEPTED_SHARE) {
    logIn(attempt.open(), random);
    return 'accepted';
  }
  attempt.synchronise();
  if (fate < ACCEPTED_SHARE + REFUSED_SHARE) {
    attempt.reset('remote');
    return 'refused';
  }
  if (random.chance(0.5)) attempt.retry(RETRY_MS);
  return 'unanswered';
}

const text = new TextEncoder();
/** RFC 854, 857, 858: the server will echo and suppress go-ahead. */
const NEGOTIATION = Uint8Array.of(255, 251, 1, 255, 251, 3);

/** One guess, one refusal, and on to the next address. */
function logIn(session: TcpSession, random: Random): void {
  session.send('remote', NEGOTIATION).idle(random.between(20, 60));
  session.send('remote', text.encode('login: ')).idle(random.between(50, 200));
  session.send('device', text.encode('root\r\n')).send('remote', text.encode('Password: '));
  session
    .idle(random.between(50, 200))
    .send('device', text.encode('admin\r\n'))
    .idle(random.between(500, 900));
  session.send('remote', text.encode('\r\nLogin incorrect\r\n')).close('device');
}

/** 198.51.100.0/24 and 203.0.113.0/24 (RFC 5737) without the servers that the device uses, in any order. */
function outsideAddresses(random: Random): string[] {
  const used = new Set([DEVICE.address, ...SERVERS.map((server) => server.address)]);
  const all = ['198.51.100', '203.0.113'].flatMap((network) =>
    Array.from({ length: 254 }, (_, i) => `${network}.${i + 1}`),
  );
  return random.shuffle(all.filter((address) => !used.has(address)));
}
