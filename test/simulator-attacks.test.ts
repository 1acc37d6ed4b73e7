// Each attack of the simulator does what its options say: counted from the frames, with a dissector of the tests' own.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  ANSWERING,
  addressSweep,
  beacon,
  bruteForce,
  contact,
  dnsTunnel,
  horizontalScan,
  icmpFlood,
  icmpTunnel,
  REFUSING,
  type ReflectorKind,
  reflection,
  SILENT,
  synFlood,
  udpFlood,
  verticalScan,
} from '../simulator/attacks/index.ts';
import type { Family } from '../simulator/hosts.ts';
import { ACK, FIN, RST, SYN } from '../simulator/packets/index.ts';
import { distinct, isNear, type Seen, START_MS, seconds, seen } from './support/attack-run.ts';

const seed = Number(process.env.SEED ?? Date.now()) >>> 0;
const FAMILIES: readonly Family[] = ['IPv4', 'IPv6'];
const DIRECTIONS = ['out', 'in'] as const;
const SERVED = Array.from({ length: 32 }, (_, i) => `192.0.2.${100 + i}`);
const during = (durationMs: number) => ({ startMs: START_MS, durationMs });
const forth = (packets: readonly Seen[], direction: 'in' | 'out') =>
  packets.filter(({ isOut }) => isOut === (direction === 'out'));
const back = (packets: readonly Seen[], direction: 'in' | 'out') =>
  packets.filter(({ isOut }) => isOut !== (direction === 'out'));
const isV6 = ({ remote }: Seen) => remote.length === 32;

test(`horizontal scans: hosts a second, each once, SEED=${seed}`, () => {
  for (const direction of DIRECTIONS) {
    for (const family of FAMILIES) {
      for (const [hostsPerSecond, durationMs] of [
        [0.025, 86_400_000],
        [1.4, 1_200_000],
        [30, 60_000],
        [1000, 2_000],
      ] as const) {
        const options = { ...during(durationMs), direction, family, hostsPerSecond, reaction: SILENT };
        const packets = seen(seed, (network, random) =>
          horizontalScan(network, random, { ...options, ports: [23], jitter: 0.5 }),
        );
        const hosts = (hostsPerSecond * durationMs) / 1000;
        isNear(packets.length, hosts, 0.12, `${direction} ${family} hosts at ${hostsPerSecond}/s`);
        assert.is(
          distinct(packets, ({ remote }) => remote),
          packets.length,
        );
        assert.ok(packets.every((packet) => packet.flags === SYN && isV6(packet) === (family === 'IPv6')));
        assert.ok(packets.every(({ isOut }) => isOut === (direction === 'out')));
        const ports = packets.map(({ localPort, remotePort }) =>
          direction === 'out' ? remotePort : localPort,
        );
        assert.equal(new Set(ports), new Set([23]));
      }
    }
  }
});

test(`horizontal scans: steady, random, one every 40 s, SEED=${seed}`, () => {
  const gaps = (jitter: number | 'random') => {
    const options = { ...during(7_200_000), direction: 'out', hostsPerSecond: 0.025, jitter } as const;
    const packets = seen(seed, (network, random) =>
      horizontalScan(network, random, { ...options, ports: [2323], reaction: SILENT }),
    );
    return packets.slice(1).map(({ timeMs }, i) => (timeMs - (packets[i]?.timeMs ?? 0)) / 1000);
  };
  assert.ok(gaps(0).every((gap) => Math.abs(gap - 40) < 1e-3));
  assert.ok(gaps(0.2).every((gap) => gap >= 32 && gap <= 48));
  assert.ok(Math.max(...gaps('random')) > 80);
});

test(`horizontal scans: what the other side does, SEED=${seed}`, () => {
  for (const family of FAMILIES) {
    const scan = (options: object) =>
      seen(seed, (network, random) =>
        horizontalScan(network, random, {
          ...during(20_000),
          direction: 'out',
          family,
          hostsPerSecond: 50,
          ports: [7547],
          ...options,
        }),
      );
    const refused = scan({ reaction: REFUSING });
    assert.is(back(refused, 'out').filter(({ flags }) => flags === (RST | ACK)).length, refused.length / 2);
    const halfOpen = scan({ reaction: ANSWERING });
    assert.is(halfOpen.filter(({ flags }) => flags === (SYN | ACK)).length, halfOpen.length / 3);
    assert.is(forth(halfOpen, 'out').filter(({ flags }) => (flags & RST) !== 0).length, halfOpen.length / 3);
    const whole = scan({ reaction: ANSWERING, manner: 'connect' });
    const hosts = distinct(whole, ({ remote }) => remote);
    assert.is(whole.filter(({ flags }) => (flags & FIN) !== 0).length, 2 * hosts);
    const repeated = scan({ reaction: SILENT, manner: 'connect', repeats: 2 });
    assert.is(repeated.length, 3 * distinct(repeated, ({ remote }) => remote));
    const mixed = scan({});
    isNear(mixed.filter(({ flags }) => flags === (SYN | ACK)).length / 1000, 0.02, 0.9, 'accepting share');
    isNear(
      back(mixed, 'out').filter(({ flags }) => (flags & RST) !== 0).length / 1000,
      0.08,
      0.6,
      'refusing',
    );

    const udp = scan({ reaction: REFUSING, manner: 'udp' });
    const errors = back(udp, 'out');
    assert.is(errors.length, udp.length / 2);
    const [type, code] = family === 'IPv4' ? [3, 3] : [1, 4];
    assert.ok(errors.every((packet) => packet.type === type && packet.code === code));
    assert.is(back(scan({ reaction: SILENT, manner: 'udp' }), 'out').length, 0);
    assert.ok(
      back(scan({ reaction: ANSWERING, manner: 'udp' }), 'out').every(({ protocol }) => protocol === 17),
    );
  }
});

test(`horizontal scans: several ports, one host's look at many addresses, neighbours, SEED=${seed}`, () => {
  const base = { ...during(30_000), hostsPerSecond: 40, reaction: SILENT } as const;
  const both = seen(seed, (network, random) =>
    horizontalScan(network, random, { ...base, direction: 'out', ports: [23, 2323] }),
  );
  isNear(both.filter(({ remotePort }) => remotePort === 2323).length / both.length, 0.1, 0.6, 'second port');
  const all = seen(seed, (network, random) =>
    horizontalScan(network, random, {
      ...base,
      direction: 'out',
      ports: [22, 80, 8291],
      portsOfEach: 'all',
    }),
  );
  assert.is(all.length, 3 * distinct(all, ({ remote }) => remote));
  const served = seen(seed, (network, random) =>
    horizontalScan(network, random, {
      ...base,
      direction: 'in',
      ports: [5555],
      deviceAddresses: SERVED,
    }),
  );
  assert.is(
    distinct(served, ({ remote }) => remote),
    1,
  );
  assert.is(
    distinct(served, ({ local }) => local),
    32,
  );
  const home = seen(seed, (network, random) =>
    horizontalScan(network, random, { ...base, direction: 'out', ports: [23], where: 'home' }),
  );
  assert.ok(home.length > 100 && home.every(({ remote }) => remote.startsWith('c00002')));
  const row = seen(seed, (network, random) =>
    horizontalScan(network, random, { ...base, direction: 'out', ports: [23], where: 'network' }),
  ).map(({ remote }) => Number.parseInt(remote, 16));
  assert.ok(row.slice(1).filter((remote, i) => remote - (row[i] ?? 0) === 1).length >= row.length - 2);
});

test(`vertical scans: every port once, of one host, SEED=${seed}`, () => {
  for (const direction of DIRECTIONS) {
    for (const family of FAMILIES) {
      for (const manner of ['half-open', 'connect', 'udp'] as const) {
        const packets = seen(seed, (network, random) =>
          verticalScan(network, random, {
            ...during(3_600_000),
            direction,
            family,
            manner,
            portsPerSecond: 20,
            portCount: 500,
          }),
        );
        const probes = forth(packets, direction);
        assert.is(probes.length, 500);
        assert.is(
          distinct(probes, ({ localPort, remotePort }) => (direction === 'out' ? remotePort : localPort)),
          500,
        );
        assert.is(
          distinct(packets, ({ remote }) => remote),
          1,
        );
        assert.is(packets.length, 1000);
        isNear(seconds(probes), 25, 0.25, 'seconds');
      }
    }
  }
});

test(`address sweeps ask host after host, SEED=${seed}`, () => {
  for (const direction of DIRECTIONS) {
    for (const family of FAMILIES) {
      const packets = seen(seed, (network, random) =>
        addressSweep(network, random, { ...during(60_000), direction, family, hostsPerSecond: 10 }),
      );
      const requests = packets.filter(({ type }) => type === (family === 'IPv4' ? 8 : 128));
      isNear(requests.length, 600, 0.2, 'requests');
      assert.is(
        distinct(requests, ({ remote }) => remote),
        requests.length,
      );
      const replies = packets.filter(({ type }) => type === (family === 'IPv4' ? 0 : 129));
      isNear(replies.length / requests.length, 0.2, 0.4, 'answering');
      assert.ok(requests.every(({ payload }) => payload.length === 60));
    }
  }
});

test(`SYN floods: rate, length, who it comes from, SEED=${seed}`, () => {
  for (const direction of DIRECTIONS) {
    for (const family of FAMILIES) {
      for (const [packetsPerSecond, durationMs] of [
        [20_000, 100],
        [100, 10_000],
      ] as const) {
        for (const peers of ['spoofed', 1, 7] as const) {
          const packets = seen(seed, (network, random) =>
            synFlood(network, random, {
              ...during(durationMs),
              direction,
              family,
              packetsPerSecond,
              peers,
              port: 30_120,
              ecn: true,
            }),
          );
          const syns = packets.filter(({ flags }) => flags === (SYN | 0xc0));
          isNear(syns.length, (packetsPerSecond * durationMs) / 1000, 0.25, 'SYNs');
          assert.ok(seconds(syns) * 1000 <= durationMs);
          const hosts = distinct(syns, ({ remote }) => remote);
          if (peers === 'spoofed') assert.ok(hosts > syns.length * 0.99, `${hosts} of ${syns.length}`);
          else assert.is(hosts, peers);
          isNear(back(packets, direction).length, 0.6 * syns.length, 0.2, 'answers');
        }
      }
    }
  }
});

test(`UDP and ICMP floods: rate, sizes, few errors come back, SEED=${seed}`, () => {
  for (const direction of DIRECTIONS) {
    for (const family of FAMILIES) {
      const base = { ...during(5_000), direction, family, packetsPerSecond: 500 } as const;
      const udp = seen(seed, (network, random) =>
        udpFlood(network, random, { ...base, payloadLength: [100, 200] }),
      );
      const datagrams = udp.filter(({ protocol }) => protocol === 17);
      isNear(datagrams.length, 2500, 0.15, 'datagrams');
      assert.ok(datagrams.every(({ payload }) => payload.length >= 100 && payload.length <= 200));
      assert.ok(udp.length - datagrams.length <= 51);
      const icmp = seen(seed, (network, random) =>
        icmpFlood(network, random, { ...base, reaction: SILENT, peers: 3 }),
      );
      isNear(icmp.length, 2500, 0.15, 'pings');
      assert.is(
        distinct(icmp, ({ remote }) => remote),
        3,
      );
    }
  }
});

test(`reflection: answers from many servers, to a victim that asked for nothing, SEED=${seed}`, () => {
  const ports: Readonly<Record<ReflectorKind, number>> = {
    dns: 53,
    ntp: 123,
    ssdp: 1900,
    memcached: 11_211,
    coap: 5683,
  };
  for (const [kind, port] of Object.entries(ports) as Array<[ReflectorKind, number]>) {
    for (const family of FAMILIES) {
      const base = { ...during(10_000), family, kind, hosts: 60, perSecond: 30 } as const;
      const victim = seen(seed, (network, random) =>
        reflection(network, random, { ...base, direction: 'in' }),
      );
      const answers = victim.filter(({ isOut }) => !isOut);
      assert.ok(answers.every(({ protocol, remotePort }) => protocol === 17 && remotePort === port));
      assert.ok(distinct(answers, ({ remote }) => remote) > 50);
      assert.ok(victim.filter(({ isOut }) => isOut).every(({ protocol }) => protocol !== 17));
      const server = seen(seed, (network, random) =>
        reflection(network, random, { ...base, direction: 'out' }),
      );
      const bytes = (packets: readonly Seen[]) =>
        packets.reduce((sum, { payload }) => sum + payload.length, 0);
      assert.ok(bytes(forth(server, 'out')) > 3 * bytes(back(server, 'out')), `${kind} amplifies`);
      assert.ok(server.every(({ localPort }) => localPort === port));
    }
  }
});

test(`brute force: short whole connections, on any port, SEED=${seed}`, () => {
  for (const direction of DIRECTIONS) {
    for (const family of FAMILIES) {
      for (const [service, port, least, most] of [
        ['ssh', 22, 2000, 5000],
        ['telnet', 2323, 60, 400],
        ['ftp', 8021, 80, 500],
      ] as const) {
        const packets = seen(seed, (network, random) =>
          bruteForce(network, random, {
            ...during(1_200_000),
            direction,
            family,
            service,
            port,
            connectionsPerMinute: 6,
          }),
        );
        const syns = packets.filter(({ flags }) => flags === SYN);
        isNear(syns.length, 120, 0.2, 'connections');
        const connections = new Map<number, Seen[]>();
        for (const packet of packets) {
          const own = direction === 'out' ? packet.localPort : packet.remotePort;
          assert.is(direction === 'out' ? packet.remotePort : packet.localPort, port);
          connections.set(own, [...(connections.get(own) ?? []), packet]);
        }
        assert.is(connections.size, syns.length);
        for (const connection of connections.values()) {
          const bytes = connection.reduce((sum, { payload }) => sum + payload.length, 0);
          if (bytes === 0) assert.is(connection.length, 2);
          else assert.ok(bytes >= least && bytes <= most, `${service}: ${bytes} bytes`);
          assert.ok(seconds(connection) < 12);
        }
      }
    }
  }
});

test(`beacons: period and jitter, answered, refused, never answered, SEED=${seed}`, () => {
  for (const family of FAMILIES) {
    for (const manner of ['tls', 'tcp', 'udp'] as const) {
      for (const [periodSeconds, jitter] of [
        [2, 0],
        [60, 0.2],
        [3600, 0.1],
      ] as const) {
        for (const reaction of [ANSWERING, REFUSING, SILENT]) {
          const packets = seen(seed, (network, random) =>
            beacon(network, random, {
              ...during(periodSeconds * 40_000),
              family,
              manner,
              reaction,
              periodSeconds,
              jitter,
              repeats: 0,
            }),
          );
          assert.is(
            distinct(packets, ({ remote }) => remote),
            1,
          );
          const attempts = packets.filter(({ isOut, flags, protocol }) =>
            protocol === 6 ? flags === SYN : isOut && protocol === 17,
          );
          isNear(attempts.length, 40, 0.15, 'attempts');
          assert.is(
            distinct(attempts, ({ localPort }) => localPort),
            attempts.length,
          );
          for (const [i, { timeMs }] of attempts.slice(1).entries()) {
            const gap = (timeMs - (attempts[i]?.timeMs ?? 0)) / 1000;
            isNear(gap, periodSeconds, jitter + 0.001, 'gap');
          }
          const answered = back(packets, 'out').some(({ payload, protocol }) =>
            protocol === 6 || protocol === 17 ? payload.length > 0 : false,
          );
          assert.is(answered, reaction === ANSWERING);
          if (reaction === SILENT) assert.is(back(packets, 'out').length, 0);
        }
      }
    }
  }
});

test(`tunnels: one flow, much payload, both ways, SEED=${seed}`, () => {
  for (const family of FAMILIES) {
    for (const record of ['NULL', 'TXT', 'CNAME', 'A'] as const) {
      const dns = seen(seed, (network, random) =>
        dnsTunnel(network, random, { ...during(20_000), family, record, questionsPerSecond: 20 }),
      );
      assert.is(
        distinct(dns, ({ localPort, remote }) => `${localPort} ${remote}`),
        1,
      );
      const questions = forth(dns, 'out');
      isNear(questions.length, 400, 0.1, 'questions');
      assert.ok(dns.every(({ remotePort, protocol }) => remotePort === 53 && protocol === 17));
      for (const { payload } of dns) checkLabels(payload);
      const sizes = questions.map(({ payload }) => payload.length);
      assert.ok(Math.min(...sizes) > 60 && Math.max(...sizes) <= 290 && Math.max(...sizes) > 200);
      const longest = Math.max(...back(dns, 'out').map(({ payload }) => payload.length));
      if (record === 'NULL' || record === 'TXT') assert.ok(longest > 1000, `${longest} bytes`);
    }
    for (const direction of DIRECTIONS) {
      const icmp = seen(seed, (network, random) =>
        icmpTunnel(network, random, { ...during(20_000), direction, family, requestsPerSecond: 10 }),
      );
      isNear(icmp.length, 400, 0.15, 'echoes');
      assert.is(icmp.length / 2, forth(icmp, direction).length);
      assert.ok(Math.max(...icmp.map(({ payload }) => payload.length)) > 1000);
    }
  }
});

/** The name of the question: labels of at most 63 bytes, 255 together. RFC 1035 2.3.4 */
function checkLabels(message: Uint8Array): void {
  let at = 12;
  while ((message[at] ?? 0) > 0) {
    assert.ok((message[at] ?? 0) <= 63);
    at += 1 + (message[at] ?? 0);
  }
  assert.ok(at + 1 - 12 <= 255 && at + 5 <= message.length, `${at + 1 - 12} bytes of name`);
}

test(`a contact is with the host named, SEED=${seed}`, () => {
  for (const [peer, remote] of [
    ['203.0.113.66', 'cb007142'],
    ['2001:db8:bad::1', '20010db80bad00000000000000000001'],
  ] as const) {
    for (const direction of DIRECTIONS) {
      for (const manner of ['tls', 'tcp', 'udp'] as const) {
        const packets = seen(seed, (network, random) =>
          contact(network, random, {
            ...during(36_000_000),
            direction,
            family: remote.length === 32 ? 'IPv6' : 'IPv4',
            peer,
            manner,
          }),
        );
        assert.ok(packets.length > 3 && packets.every((packet) => packet.remote === remote));
        assert.is(packets[0]?.isOut, direction === 'out');
      }
    }
  }
});

test.run();
