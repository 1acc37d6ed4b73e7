import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Random } from '../simulator/index.ts';
import {
  ACK,
  DESTINATION_OPTIONS,
  echoBody,
  ethernetFrame,
  HOP_BY_HOP,
  icmpMessage,
  icmpv6Message,
  ipFragments,
  ipFrame,
  ipPacket,
  macBytes,
  maximumSegmentSize,
  multicastMac,
  PSH,
  ROUTER_ALERT,
  SYN,
  type Transport,
  tcpSegment,
  udpDatagram,
} from '../simulator/packets/index.ts';
import { checkTransport, dissect, dissectIpv4, dissectIpv6 } from './support/dissect.ts';
import { hex } from './support/tcp-connections.ts';

const TRANSPORTS_V4: readonly Transport[] = [
  tcpSegment({ sourcePort: 1, destinationPort: 65_535, flags: SYN, options: maximumSegmentSize(1460) }),
  tcpSegment({ sourcePort: 40_000, destinationPort: 80, flags: ACK | PSH, payload: Uint8Array.of(1, 2, 3) }),
  udpDatagram({ sourcePort: 5353, destinationPort: 5353 }),
  udpDatagram({ sourcePort: 5353, destinationPort: 5353, payload: Uint8Array.of(255) }),
  icmpMessage({ type: 8, body: echoBody(7, 9, Uint8Array.of(1, 2, 3)) }),
];
const TRANSPORTS_V6: readonly Transport[] = [
  ...TRANSPORTS_V4.slice(0, 4),
  icmpv6Message({ type: 128, body: echoBody(7, 9, Uint8Array.of(1, 2, 3)) }),
];
const V4 = { source: '192.0.2.50', destination: '198.51.100.7' };
const V6 = { source: '2001:db8::50', destination: '2001:db8:1::7' };

test('an IPv4 packet, field by field', () => {
  const transport = udpDatagram({ sourcePort: 0x1234, destinationPort: 53, payload: Uint8Array.of(0xab) });
  const packet = ipPacket({ ...V4, identification: 0xbeef, hopLimit: 3, trafficClass: 0xb8 }, transport);
  const fields = [
    ['45', 'b8', '001d'], // version and header length, type of service, total length
    ['beef', '4000'], // identification, do not fragment
    ['03', '11', 'cbbb'], // time to live, UDP, checksum
    ['c0000232', 'c6336407'],
    ['1234', '0035', '0009', '5605'], // ports, length, checksum
    ['ab'],
  ];
  assert.is(hex(packet), fields.flat().join(''));
});

test('packets of every transport, with options and extension headers', () => {
  for (const transport of TRANSPORTS_V4) {
    for (const length of [0, 1, 4, 39, 40]) {
      const options = new Uint8Array(length).fill(1);
      const ip = dissectIpv4(ipPacket({ ...V4, options }, transport));
      assert.is(ip.protocol, transport.protocol);
      assert.is(ip.source, 'c0000232');
      assert.is(ip.destination, 'c6336407');
      assert.is(ip.body.length, transport.bytes.length);
    }
  }
  for (const transport of TRANSPORTS_V6) {
    for (let length = 0; length < 40; length++) {
      const filler =
        length === 1 ? Uint8Array.of(0) : Uint8Array.of(30, length - 2, ...new Uint8Array(length));
      const options = { protocol: DESTINATION_OPTIONS, options: filler.subarray(0, length) } as const;
      const ip = dissectIpv6(ipPacket({ ...V6, extensions: [ROUTER_ALERT, options] }, transport));
      assert.is(ip.protocol, transport.protocol);
      assert.equal(ip.extensions, [HOP_BY_HOP, DESTINATION_OPTIONS]);
      assert.is(ip.body.length, transport.bytes.length);
    }
  }
});

test('a UDP checksum that comes out as zero is sent as all ones', () => {
  let found = 0;
  for (let word = 0; word <= 0xffff; word++) {
    const transport = udpDatagram({
      sourcePort: 9,
      destinationPort: 9,
      payload: Uint8Array.of(word >> 8, word),
    });
    const ip = dissectIpv4(ipPacket(V4, transport));
    if (ip.body[6] === 0xff && ip.body[7] === 0xff) found++;
  }
  assert.is(found, 1);
});

test('fragments come together again', () => {
  for (const length of [0, 1, 600, 1480, 1481, 3000, 20_001]) {
    const transport = udpDatagram({
      sourcePort: 7,
      destinationPort: 9,
      payload: new Random(length).bytes(length),
    });
    for (const mtu of [100, 576, 1280, 1500]) {
      const v4 = ipFragments({ ...V4, identification: 77 }, transport, mtu);
      reassemble(v4.map(dissectIpv4), mtu, v4, length);
      const extensions = [
        ROUTER_ALERT,
        { protocol: DESTINATION_OPTIONS, options: Uint8Array.of(1, 2, 0, 0) },
      ] as const;
      const v6 = ipFragments({ ...V6, identification: 0x12345678, extensions }, transport, mtu);
      const parts = v6.map(dissectIpv6);
      for (const [i, part] of parts.entries()) {
        assert.equal(part.extensions.slice(0, 2), [HOP_BY_HOP, 44]);
        assert.is(part.identification, 0x12345678);
        if (i > 0) assert.is(part.protocol, DESTINATION_OPTIONS);
      }
    }
  }
});

function reassemble(
  parts: ReadonlyArray<ReturnType<typeof dissectIpv4>>,
  mtu: number,
  packets: readonly Uint8Array[],
  length: number,
): void {
  const whole = new Uint8Array(8 + length);
  let at = 0;
  for (const [i, part] of parts.entries()) {
    assert.is(part.fragmentOffset, at);
    assert.is(part.moreFragments, i < parts.length - 1);
    assert.is(part.identification, 77);
    assert.ok((packets[i]?.length ?? 0) <= mtu);
    whole.set(part.body, at);
    at += part.body.length;
  }
  assert.is(at, whole.length);
  const [first] = parts;
  assert.ok(first);
  checkTransport({ ...first, body: whole });
}

test('IPv6 fragments come together again', () => {
  const transport = udpDatagram({ sourcePort: 7, destinationPort: 9, payload: new Random(1).bytes(3001) });
  const parts = ipFragments({ ...V6, identification: 5 }, transport, 1280).map(dissectIpv6);
  const [first] = parts;
  assert.ok(first);
  assert.is(parts.length, 3);
  checkTransport({ ...first, body: Uint8Array.from(parts.flatMap((part) => [...part.body])) });
});

test('Ethernet frames: tags, padding, addresses', () => {
  const packet = ipPacket(V4, udpDatagram({ sourcePort: 1, destinationPort: 2 }));
  const header = { source: '00:00:5e:00:53:01', destination: '00:00:5e:00:53:ff' };
  const plain = ethernetFrame(header, packet);
  assert.is(plain.length, 60);
  assert.is(hex(plain.subarray(0, 14)), '00005e0053ff00005e0053010800');
  assert.is(hex(plain.subarray(42)), '00'.repeat(18));
  const tagged = ethernetFrame({ ...header, vlans: [100, 7] }, packet);
  assert.is(hex(tagged.subarray(12, 22)), '88a80064' + '81000007' + '0800');
  assert.equal(dissect(tagged).vlans, [100, 7]);
  assert.is(
    dissect(ethernetFrame(header, ipPacket(V6, udpDatagram({ sourcePort: 1, destinationPort: 2 }))))
      .etherType,
    0x86dd,
  );
  assert.is(multicastMac('239.129.2.3'), '01:00:5e:01:02:03');
  assert.is(multicastMac('ff02::1:ff00:50'), '33:33:ff:00:00:50');
  assert.is(hex(macBytes('01:00:5e:01:02:0a')), '01005e01020a');
});

test('a frame made in one go is the same as one made in two', () => {
  const ends = { source: '00:00:5e:00:53:01', destination: '00:00:5e:00:53:ff' };
  const random = new Random(9);
  for (const [addresses, transports] of [
    [V4, TRANSPORTS_V4],
    [V6, TRANSPORTS_V6],
  ] as const) {
    for (const transport of transports) {
      for (let i = 0; i < 200; i++) {
        const header = {
          ...addresses,
          hopLimit: random.integer(1, 255),
          trafficClass: random.integer(0, 255),
          identification: random.integer(0, 0xffff),
          dontFragment: random.chance(0.5),
          flowLabel: random.integer(0, 0xfffff),
          ...(random.chance(0.2) ? { options: Uint8Array.of(1, 1, 1, 1) } : {}),
          ...(random.chance(0.2) ? { extensions: [ROUTER_ALERT] } : {}),
        };
        assert.is(
          hex(ipFrame(ends, header, transport)),
          hex(ethernetFrame(ends, ipPacket(header, transport))),
        );
      }
      const bare = hex(ethernetFrame(ends, ipPacket(addresses, transport)));
      assert.is(hex(ipFrame(ends, addresses, transport)), bare);
    }
  }
});

test('what cannot be a packet is refused', () => {
  const udp = udpDatagram({ sourcePort: 1, destinationPort: 2, payload: new Uint8Array(65_508) });
  assert.throws(() => ipPacket(V4, udp), /65536 bytes, at most 65535/);
  assert.throws(() => ipPacket({ source: '192.0.2.1', destination: '::1' }, udp), /two families/);
  assert.throws(
    () => ipPacket({ source: '192.0.2', destination: '192.0.2.1' }, udp),
    /no IPv4 or IPv6 address/,
  );
  assert.throws(
    () => tcpSegment({ sourcePort: 1, destinationPort: 2, options: new Uint8Array(41) }),
    /at most 40/,
  );
  assert.throws(() => ipFragments(V4, udp, 27), /too few for a fragment/);
});

test.run();
