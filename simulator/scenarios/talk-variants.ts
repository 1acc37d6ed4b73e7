// Attacks that talk: guessed passwords, calls home, tunnels, and a host that one should not speak to.
import { ANSWERING, REFUSING, type Reaction, SILENT } from '../attacks/attack.ts';
import { beacon } from '../attacks/beacon.ts';
import { bruteForce } from '../attacks/brute-force.ts';
import { contact } from '../attacks/contact.ts';
import { dnsTunnel } from '../attacks/dns-tunnel.ts';
import { icmpTunnel } from '../attacks/icmp-tunnel.ts';
import type { LoginService } from '../messages/logins.ts';
import { DIRECTIONS, FAMILIES } from './scan-variants.ts';
import type { AttackVariant } from './scenario.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const CONNECTIONS_PER_MINUTE = [0.5, 1, 2, 6, 30, 120] as const;
const LOGINS: ReadonlyArray<readonly [service: LoginService, port: number, hosts: number]> = [
  ['ssh', 22, 1],
  ['ssh', 22, 20],
  ['ssh', 22_222, 1],
  ['telnet', 23, 1],
  ['ftp', 21, 1],
];

export function* bruteForceVariants(): Generator<AttackVariant> {
  for (const rate of CONNECTIONS_PER_MINUTE) {
    for (const direction of DIRECTIONS) {
      for (const family of FAMILIES) {
        for (const [service, port, hosts] of LOGINS) {
          yield {
            kind: 'BRUTE_FORCE',
            direction,
            family,
            rate,
            unit: 'connections/min',
            manner: `${service} on ${port}${hosts === 1 ? '' : `, ${hosts} hosts in turn`}`,
            durationMs: Math.max(2 * MINUTE, (60 / rate) * MINUTE),
            make: (network, random, startMs, durationMs) =>
              bruteForce(network, random, {
                startMs,
                durationMs,
                direction,
                family,
                service,
                port,
                hosts,
                connectionsPerMinute: rate,
              }),
          };
        }
      }
    }
  }
}

const PERIOD_SECONDS = [2, 10, 40, 60, 300, 900, 3600] as const;
const JITTERS = [0, 0.05, 0.1, 0.2] as const;
const CALLS = [
  { words: 'TLS, answered', manner: 'tls', port: 443, reaction: ANSWERING, family: 'IPv4' },
  {
    words: 'TLS, looked up, answered',
    manner: 'tls',
    port: 443,
    reaction: ANSWERING,
    family: 'IPv4',
    looksUp: true,
  },
  { words: 'TCP 8443, refused', manner: 'tcp', port: 8443, reaction: REFUSING, family: 'IPv4' },
  { words: 'TCP 4444, silent', manner: 'tcp', port: 4444, reaction: SILENT, family: 'IPv4' },
  { words: 'TLS, silent', manner: 'tls', port: 443, reaction: SILENT, family: 'IPv6' },
  { words: 'UDP 6667, answered', manner: 'udp', port: 6667, reaction: ANSWERING, family: 'IPv4' },
  { words: 'UDP 5353, silent', manner: 'udp', port: 5353, reaction: SILENT, family: 'IPv4' },
] as const;
/** Calls that a detector may need to hear. */
const CALL_COUNT = 48;

/** One attempt every 40 s that nobody answers goes on for a day. */
function isPatient(periodSeconds: number, reaction: Reaction): boolean {
  return periodSeconds === 40 && reaction === SILENT;
}

export function* beaconVariants(): Generator<AttackVariant> {
  for (const periodSeconds of PERIOD_SECONDS) {
    for (const jitter of JITTERS) {
      for (const { words, family, ...call } of CALLS) {
        yield {
          kind: 'BEACON',
          direction: 'out',
          family,
          rate: periodSeconds,
          unit: 's',
          manner: `jitter ${jitter * 100} %, ${words}`,
          durationMs: isPatient(periodSeconds, call.reaction)
            ? DAY
            : Math.max(HOUR, periodSeconds * 1000 * CALL_COUNT),
          make: (network, random, startMs, durationMs) =>
            beacon(network, random, {
              ...call,
              startMs,
              durationMs,
              family,
              periodSeconds,
              jitter,
            }),
        };
      }
    }
  }
}

const QUESTIONS_PER_SECOND = [0.5, 2, 10, 50] as const;
const ECHOES_PER_SECOND = [0.5, 2, 10, 50] as const;

export function* tunnelVariants(): Generator<AttackVariant> {
  for (const family of FAMILIES) {
    for (const rate of QUESTIONS_PER_SECOND) {
      for (const [record, way, ports] of [
        ['NULL', 'direct', 'one'],
        ['NULL', 'resolver', 'one'],
        ['TXT', 'resolver', 'each'],
        ['CNAME', 'resolver', 'one'],
      ] as const) {
        yield {
          kind: 'DNS_TUNNEL',
          direction: 'out',
          family,
          rate,
          unit: 'questions/s',
          manner: `${record}, ${way}, ${ports === 'one' ? 'one port' : 'a port each'}`,
          durationMs: Math.max(MINUTE, (600 / rate) * 1000),
          make: (network, random, startMs, durationMs) =>
            dnsTunnel(network, random, {
              startMs,
              durationMs,
              family,
              questionsPerSecond: rate,
              record,
              way,
              ports,
            }),
        };
      }
    }
    for (const rate of ECHOES_PER_SECOND) {
      for (const direction of DIRECTIONS) {
        yield {
          kind: 'ICMP_TUNNEL',
          direction,
          family,
          rate,
          unit: 'echoes/s',
          manner: 'both ways',
          durationMs: Math.max(MINUTE, (600 / rate) * 1000),
          make: (network, random, startMs, durationMs) =>
            icmpTunnel(network, random, { startMs, durationMs, direction, family, requestsPerSecond: rate }),
        };
      }
    }
  }
}

/** Hosts of a list: within prefixes, and one address itself. */
const LISTED = [
  { family: 'IPv4', prefix: '203.0.113.64/27', peer: '203.0.113.77' },
  { family: 'IPv4', prefix: '198.51.100.99', peer: '198.51.100.99' },
  { family: 'IPv6', prefix: '2001:db8:bad::/48', peer: '2001:db8:bad:7::66' },
] as const;
const MANNERS = [
  ['TLS, answered', 'tls', ANSWERING],
  ['TCP, silent', 'tcp', SILENT],
  ['UDP, answered', 'udp', ANSWERING],
] as const;

export function* contactVariants(): Generator<AttackVariant> {
  for (const { family, prefix, peer } of LISTED) {
    for (const direction of DIRECTIONS) {
      for (const [words, manner, reaction] of MANNERS) {
        const common = { direction, family, rate: 1, unit: 'contacts', durationMs: 60_000 } as const;
        const make: AttackVariant['make'] = (network, random, startMs, durationMs) =>
          contact(network, random, { startMs, durationMs, direction, family, peer, manner, reaction });
        const listed = prefix === peer ? 'listed itself' : 'listed by prefix';
        const suspicion = { ...common, kind: 'SUSPICIOUS_ADDRESS', indicators: [prefix] } as const;
        yield { ...suspicion, manner: `${words}, ${listed}`, make };
        // After hours in which the device has shown whom it knows.
        if (prefix !== peer) {
          yield { ...common, kind: 'FIRST_CONTACT', manner: words, leadInMs: 6 * HOUR, make };
        }
      }
    }
  }
}
