// Floods, reflection and tunnels by hand: how little of each is noticed, and what as much traffic of ordinary devices must not be taken for.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { KEY_DETECTION } from '../schema/configuration-block.ts';
import { KIND_SYN_FLOOD } from '../schema/detection-record.ts';
import { numbers } from './support/configuration-block.ts';
import { ACK, DetectionRun, NOTICING, PSH, SYN, type Way } from './support/detection-run.ts';
import { v4, v6 } from './support/device.ts';
import type { Frame } from './support/packet-model.ts';
import { captured, DEVICE_V4, DEVICE_V6, frame, peerV4, peerV6 } from './support/packets.ts';

const ECE_CWR = 0xc0;

interface Packet {
  readonly way?: Way;
  readonly peer: Uint8Array;
  readonly protocol?: 'TCP' | 'UDP' | 'ICMP';
  /** The device's. */
  readonly own?: number;
  readonly port?: number;
  readonly payload?: number;
}

function packet({
  way = 'out',
  peer,
  protocol = 'UDP',
  own = 40_000,
  port = 443,
  payload = 0,
}: Packet): Frame {
  const device = peer.length === 4 ? DEVICE_V4 : DEVICE_V6;
  return frame(
    way === 'out'
      ? { from: device, to: peer, protocol, fromPort: own, toPort: port, payload }
      : { from: peer, to: device, protocol, fromPort: port, toPort: own, payload },
  );
}

function segment(flags: number, what: Packet): Frame {
  const made = packet({ ...what, protocol: 'TCP' });
  made.bytes[14 + (what.peer.length === 4 ? 20 : 40) + 13] = flags;
  return made;
}

function ping(isReply: boolean, what: Packet): Frame {
  const made = packet({ payload: 56, ...what, protocol: 'ICMP' });
  const isV4 = what.peer.length === 4;
  made.bytes[14 + (isV4 ? 20 : 40)] = isV4 ? (isReply ? 0 : 8) : isReply ? 129 : 128;
  return made;
}

for (const profile of NOTICING) {
  for (const [family, peer] of [
    ['IPv4', peerV4],
    ['IPv6', peerV6],
  ] as const) {
    test(`${profile}: ${family}: a SYN flood of a tenth of a second, spoofed, with ECN: one detection, of the port`, () => {
      const run = new DetectionRun(profile);
      for (let i = 0; i < 2_000; i++) {
        run.send(
          segment(SYN | ECE_CWR, { way: 'in', peer: peer(i), own: 8080, port: 1_024 + i }),
          i % 20 === 0 ? 1 : 0,
        );
      }
      const [found, ...others] = run.detections();
      assert.is(found?.detection, 'SYN_FLOOD');
      assert.is(found?.direction, 'INBOUND');
      assert.equal(found?.ports, [8080]);
      assert.ok(found && found.count >= 1_900 && found.count <= 2_000, `${found?.count}`);
      assert.ok(found && found.peerCount > 700 && found.peerCount < 6_000, `${found?.peerCount} sources`);
      assert.equal(others, []);
    });

    test(`${profile}: ${family}: SYNs at 50 a second to one host, some answered, none finished: a flood that goes out`, () => {
      const run = new DetectionRun(profile);
      for (let i = 0; i < 1_000; i++) {
        run.send(segment(SYN, { peer: peer(1), own: 10_000 + i, port: 80 }), 20);
        if (i % 2) run.send(segment(SYN | ACK, { way: 'in', peer: peer(1), own: 10_000 + i, port: 80 }));
      }
      assert.equal(run.kinds(), ['out SYN_FLOOD']);
    });

    for (const way of ['in', 'out'] as const) {
      test(`${profile}: ${family}: UDP flood ${way}, another port with every datagram: no scan`, () => {
        const run = new DetectionRun(profile);
        for (let i = 0; i < 1_500; i++) {
          const port = 1_024 + ((i * 7_919) % 60_000);
          run.send(
            packet({
              way,
              peer: peer(1),
              own: way === 'in' ? port : 9_999,
              port: way === 'in' ? 9_999 : port,
              payload: 700,
            }),
            5,
          );
        }
        assert.equal(run.kinds(), [`${way} UDP_FLOOD`]);
      });

      test(`${profile}: ${family}: ICMP flood ${way}, answered`, () => {
        const run = new DetectionRun(profile);
        const back = way === 'in' ? 'out' : 'in';
        for (let i = 0; i < 1_000; i++) {
          run.send(ping(false, { way, peer: peer(1) }), 10).send(ping(true, { way: back, peer: peer(1) }));
        }
        assert.equal(run.kinds(), [`${way} ICMP_FLOOD`]);
      });

      test(`${profile}: ${family}: ICMP tunnel ${way}: echoes that are none, one in 2 s`, () => {
        const run = new DetectionRun(profile);
        const back = way === 'in' ? 'out' : 'in';
        for (let i = 0; i < 60; i++) {
          run.send(ping(false, { way, peer: peer(1), payload: 40 + ((i * 97) % 1_000) }), 2_000);
          run.send(ping(true, { way: back, peer: peer(1), payload: 40 + ((i * 389 + 7) % 1_000) }), 30);
        }
        assert.equal(run.kinds(), [`${way} ICMP_TUNNEL`]);
      });
    }

    test(`${profile}: ${family}: answers that were not asked for, of 30 hosts`, () => {
      const run = new DetectionRun(profile);
      for (let i = 0; i < 120; i++) {
        run.send(packet({ way: 'in', peer: peer(i % 30), own: 2_000 + i, port: 123, payload: 440 }), 100);
      }
      const [found, ...others] = run.detections();
      assert.is(found?.detection, 'REFLECTION');
      assert.is(found?.direction, 'INBOUND');
      assert.ok(found && found.peerCount > 15 && found.peerCount < 60, `${found?.peerCount} hosts`);
      assert.equal(others, []);
    });

    test(`${profile}: ${family}: the device answers strangers at length: it is a reflector`, () => {
      const run = new DetectionRun(profile);
      for (let i = 0; i < 60; i++) {
        run.send(packet({ way: 'in', peer: peer(i % 4), own: 1900, port: 3_000 + i, payload: 90 }), 300);
        for (let part = 0; part < 5; part++) {
          run.send(packet({ peer: peer(i % 4), own: 1900, port: 3_000 + i, payload: 350 }), 1);
        }
      }
      assert.equal(run.kinds(), ['out REFLECTION']);
    });

    for (const ports of ['one port', 'a port each'] as const) {
      test(`${profile}: ${family}: DNS tunnel, ${ports}, captured to 96 bytes`, () => {
        const run = new DetectionRun(profile);
        for (let i = 0; i < 120; i++) {
          const own = ports === 'one port' ? 40_000 : 40_000 + i;
          run.send(
            captured(packet({ peer: peer(1), own, port: 53, payload: 60 + ((i * 37) % 160) }), 96),
            1_000,
          );
          run.send(
            captured(
              packet({ way: 'in', peer: peer(1), own, port: 53, payload: 300 + ((i * 89) % 900) }),
              96,
            ),
            30,
          );
        }
        assert.equal(run.kinds(), ['out DNS_TUNNEL']);
      });
    }

    test(`${profile}: ${family}: a server with 200 new connections a second, all answered, is busy`, () => {
      const run = new DetectionRun(profile);
      for (let i = 0; i < 2_000; i++) {
        const client = { peer: peer(i % 900), own: 80, port: 1_024 + i };
        run.send(segment(SYN, { way: 'in', ...client }), 5);
        run.send(segment(SYN | ACK, client)).send(segment(ACK, { way: 'in', ...client }));
        run.send(segment(ACK | PSH, { way: 'in', ...client, payload: 200 }));
      }
      assert.equal(run.kinds(), []);
    });

    test(`${profile}: ${family}: an outage: 15 SYNs at once, again and again, and a resolver that is silent`, () => {
      const run = new DetectionRun(profile);
      for (let i = 0; i < 40; i++) {
        run.send(packet({ peer: peer(2), own: 30_000 + i, port: 53, payload: 40 }), 500);
        run.send(packet({ way: 'in', peer: peer(2), own: 30_000 + i, port: 53, payload: 120 }), 20);
      }
      for (let burst = 0; burst < 60; burst++) {
        for (let i = 0; i < 15; i++)
          run.send(segment(SYN, { peer: peer(1), own: 10_000 + 20 * burst + i, port: 8883 }), 3);
        for (let i = 0; i < 40; i++)
          run.send(packet({ peer: peer(2), own: 31_000 + 50 * burst + i, port: 53, payload: 40 }), 10);
        run.wait(1_500);
      }
      assert.equal(run.kinds(), []);
    });

    test(`${profile}: ${family}: video that comes, video that goes, QUIC and a backup are no floods`, () => {
      const run = new DetectionRun(profile);
      for (let i = 0; i < 20_000; i++) {
        run.send(packet({ peer: peer(1), own: 40_000, port: 50_004, payload: 1_200 }), i % 2);
        run.send(packet({ way: 'in', peer: peer(2), own: 40_002, port: 50_006, payload: 1_200 }));
        run.send(packet({ way: 'in', peer: peer(3), own: 40_004, port: 443, payload: 1_200 }));
        run.send(packet({ peer: peer(4), own: 40_006, port: 7_000, payload: 1_200 }));
        if (i % 10) continue;
        run.send(packet({ peer: peer(3), own: 40_004, port: 443, payload: 40 }));
        run.send(packet({ way: 'in', peer: peer(4), own: 40_006, port: 7_000, payload: 40 }));
      }
      assert.equal(run.kinds(), []);
    });

    for (const way of ['in', 'out'] as const) {
      test(`${profile}: ${family}: UDP flood ${way} within one five-tuple, and SYNs that keep theirs`, () => {
        const run = new DetectionRun(profile);
        for (let i = 0; i < 16_000; i++) {
          run.send(packet({ way, peer: peer(1), own: 7_777, port: 7_777, payload: 30 }), i % 5 === 0 ? 1 : 0);
          if (i % 20 === 0) run.send(segment(SYN, { way, peer: peer(2), own: 8_888, port: 8_888 }));
        }
        run.wait(20_000).tick();
        assert.equal(run.kinds().sort(), [`${way} SYN_FLOOD`, `${way} UDP_FLOOD`]);
      });
    }

    test(`${profile}: ${family}: a page asks for 80 names at once; a resolver of the house asks for 20 a second`, () => {
      const run = new DetectionRun(profile);
      for (let page = 0; page < 20; page++) {
        for (let i = 0; i < 80; i++)
          run.send(
            packet({ peer: peer(1), own: 20_000 + 100 * page + i, port: 53, payload: 30 + (i % 40) }),
            2,
          );
        for (let i = 0; i < 80; i++)
          run.send(
            packet({ way: 'in', peer: peer(1), own: 20_000 + 100 * page + i, port: 53, payload: 60 + 5 * i }),
            1,
          );
        run.wait(5_000);
      }
      for (let i = 0; i < 4_000; i++) {
        run.send(packet({ peer: peer(2), own: 20_000, port: 53, payload: 30 + (i % 40) }), 50);
        run.send(packet({ way: 'in', peer: peer(2), own: 20_000, port: 53, payload: 60 + (i % 400) }));
      }
      assert.equal(run.kinds(), []);
    });

    test(`${profile}: ${family}: pings of a monitor, of all sizes, and of a host that cuts what it answers`, () => {
      const run = new DetectionRun(profile);
      for (let i = 0; i < 2_000; i++) {
        run.send(ping(false, { way: 'in', peer: peer(1) }), 400).send(ping(true, { peer: peer(1) }));
        const payload = 8 + ((i * 31) % 1_400);
        run
          .send(ping(false, { peer: peer(2), payload }))
          .send(ping(true, { way: 'in', peer: peer(2), payload }), 20);
        run
          .send(ping(false, { peer: peer(3), payload: 1_400 }))
          .send(ping(true, { way: 'in', peer: peer(3), payload: 64 }), 20);
      }
      assert.equal(run.kinds(), []);
    });

    test(`${profile}: ${family}: a resolver of the house, and time servers that keep their port, are no reflectors`, () => {
      const run = new DetectionRun(profile);
      const house = family === 'IPv4' ? v4('192.168.1.9') : v6('fd00::9');
      for (let i = 0; i < 400; i++) {
        run.send(packet({ way: 'in', peer: house, own: 53, port: 20_000 + i, payload: 40 }), 100);
        run.send(packet({ peer: house, own: 53, port: 20_000 + i, payload: 900 }), 5);
        run.send(packet({ peer: peer(i % 12), own: 123, port: 123, payload: 48 }), 100);
        run.send(packet({ way: 'in', peer: peer(i % 12), own: 123, port: 123, payload: 48 }), 5);
      }
      assert.equal(run.kinds(), []);
    });

    test(`${profile}: ${family}: a flood that comes again and again at another target is one, and a scan beside it is seen`, () => {
      const run = new DetectionRun(profile);
      for (let wave = 0; wave < 4; wave++) {
        for (let i = 0; i < 600; i++) {
          run.send(
            packet({
              peer: peer(100 + wave),
              own: 9_999,
              port: 1_024 + ((i * 7_919) % 60_000),
              payload: 700,
            }),
            2,
          );
          if (i % 20 === 0) run.attempt({ peer: peer(1_000 + 30 * wave + i / 20) });
        }
        run.wait(30_000);
      }
      assert.equal(run.kinds(), ['out UDP_FLOOD', 'out HORIZONTAL_SCAN']);
    });

    test(`${profile}: ${family}: a scan at 500 a second is no flood`, () => {
      const run = new DetectionRun(profile);
      for (let i = 0; i < 2_000; i++) {
        run.attempt({ peer: peer(1), port: 1_000 + i });
        run.attempt({ peer: peer(1), port: 1_000 + i, protocol: 'UDP' });
        run.attempt({ way: 'in', peer: peer(2), port: 1_000 + i, from: 50_000 }).wait(2);
      }
      assert.equal(run.kinds().sort(), ['in VERTICAL_SCAN', 'out VERTICAL_SCAN', 'out VERTICAL_SCAN']);
    });
  }

  test(`${profile}: the limit of a flood is configuration`, () => {
    const run = new DetectionRun(profile, numbers(KEY_DETECTION, KIND_SYN_FLOOD, 3_000));
    for (let i = 0; i < 2_000; i++)
      run.send(segment(SYN, { way: 'in', peer: peerV4(i), own: 80, port: 1_024 + i }), i % 2);
    assert.equal(run.kinds(), []);
  });
}

test.run();
