// What the core notices, and what it takes for ordinary: attempts by hand, at the paces that matter.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DETECT_LONG_WINDOW, DETECT_WINDOW, KEY_DETECTION } from '../schema/configuration-block.ts';
import { KIND_HORIZONTAL_SCAN } from '../schema/detection-record.ts';
import { detectionOff, numbers } from './support/configuration-block.ts';
import { DetectionRun, NOTICING } from './support/detection-run.ts';
import { v4 } from './support/device.ts';
import { EPOCH } from './support/driven-core.ts';
import { peerV4, peerV6 } from './support/packets.ts';

const MINUTE = 60_000;

for (const profile of NOTICING) {
  for (const [family, peer] of [
    ['IPv4', peerV4],
    ['IPv6', peerV6],
  ] as const) {
    for (const way of ['out', 'in'] as const) {
      for (const [name, port, protocol, fate] of [
        ['telnet, silent', 23, 'TCP', 'silent'],
        ['an odd port, refused', 37215, 'TCP', 'refuses'],
        ['an open port, closed without data', 8291, 'TCP', 'closes without data'],
        ['UDP, silent', 1900, 'UDP', 'silent'],
      ] as const) {
        test(`${profile}: horizontal scan ${way}, ${family}, ${name}, 1.4 hosts a second`, () => {
          const run = new DetectionRun(profile);
          for (let host = 0; host < 60; host++) {
            run.attempt({ way, peer: peer(host), port, protocol, fate }).wait(714);
          }
          const [found, ...others] = run.detections();
          assert.is(found?.detection, 'HORIZONTAL_SCAN');
          assert.is(found?.direction, way === 'out' ? 'OUTBOUND' : 'INBOUND');
          assert.equal(found?.ports, [port]);
          assert.is(found?.limit, 25);
          assert.ok(found && found.firstMs >= EPOCH && found.firstMs < EPOCH + 10_000);
          assert.ok(found && Math.abs(found.peerCount - 60) < 20, `${found?.peerCount} of 60 hosts`);
          assert.equal(others, []);
        });
      }
    }

    test(`${profile}: horizontal scan, ${family}: one unanswered attempt every 40 s is seen within 40 min`, () => {
      const run = new DetectionRun(profile);
      for (let host = 0; host < 60; host++) run.attempt({ peer: peer(host) }).wait(40_000);
      assert.equal(run.kinds(), ['out HORIZONTAL_SCAN']);
    });

    for (const protocol of ['TCP', 'UDP'] as const) {
      for (const way of ['out', 'in'] as const) {
        test(`${profile}: vertical scan ${way}, ${family}, ${protocol}: 30 ports in 5 min`, () => {
          const run = new DetectionRun(profile);
          for (let port = 0; port < 30; port++) {
            const fate = protocol === 'TCP' && port % 2 ? 'refuses' : 'silent';
            run
              .attempt({ way, peer: peer(7), port: 100 + port * 77, from: 50_000, protocol, fate })
              .wait(9_000);
          }
          const [found, ...others] = run.detections();
          assert.is(found?.detection, 'VERTICAL_SCAN');
          assert.is(found?.peers.length, 1);
          assert.equal(others, []);
        });
      }
    }

    test(`${profile}: address sweep, ${family}: hosts asked by echo, answered or not`, () => {
      const run = new DetectionRun(profile);
      for (let host = 0; host < 20; host++) {
        run
          .attempt({ peer: peer(host), protocol: 'ICMP', fate: host % 2 ? 'answers' : 'silent' })
          .wait(1_000);
      }
      assert.equal(run.kinds(), ['out ADDRESS_SWEEP']);
    });

    for (const [way, port] of [
      ['in', 22],
      ['out', 23],
      ['in', 4022],
      ['out', 4022],
    ] as const) {
      test(`${profile}: brute force ${way}, ${family}, port ${port}`, () => {
        const run = new DetectionRun(profile);
        for (let guess = 0; guess < 14; guess++) {
          run
            .session({ way, peer: peer(3), port }, { turns: 8, payloadThere: 60, payloadBack: 80, ms: 3_000 })
            .wait(2_000);
        }
        assert.equal(run.kinds(), [`${way} BRUTE_FORCE`]);
      });
    }

    test(`${profile}: ${family}: few hosts, few ports, few guesses are nothing`, () => {
      const run = new DetectionRun(profile);
      for (let host = 0; host < 15; host++) run.attempt({ peer: peer(host) }).wait(1_000);
      for (let port = 0; port < 10; port++) run.attempt({ peer: peer(99), port: 1_000 + port }).wait(1_000);
      for (let host = 0; host < 10; host++) run.attempt({ peer: peer(host), protocol: 'ICMP' }).wait(1_000);
      for (let guess = 0; guess < 7; guess++) {
        run
          .session({ peer: peer(3), port: 22 }, { turns: 8, payloadThere: 60, payloadBack: 80, ms: 3_000 })
          .wait(2_000);
      }
      assert.equal(run.kinds(), []);
    });

    test(`${profile}: ${family}: a browser opens dozens of connections to dozens of hosts`, () => {
      const run = new DetectionRun(profile);
      for (let round = 0; round < 4; round++) {
        for (let host = 0; host < 90; host++)
          run.attempt({ peer: peer(host), port: 443, fate: 'answers' }).wait(15);
        run.wait(20_000);
      }
      assert.equal(run.kinds(), []);
    });

    test(`${profile}: ${family}: an outage: the cloud's addresses change and none of them answers`, () => {
      const run = new DetectionRun(profile);
      for (let hour = 0; hour < 24; hour++) {
        run.attempt({ peer: peer(hour % 6), port: 8883, fate: 'answers' }).wait(5 * MINUTE);
      }
      for (let retry = 0; retry < 300; retry++)
        run.attempt({ peer: peer(retry % 97), port: 8883 }).wait(5_000);
      assert.equal(run.kinds(), []);
    });

    test(`${profile}: ${family}: a page polled every 10 s, and one fetched in a hurry, are no logins`, () => {
      const run = new DetectionRun(profile);
      for (let poll = 0; poll < 60; poll++) {
        run
          .session({ peer: peer(1), port: 80 }, { turns: 1, payloadThere: 200, payloadBack: 900, ms: 60 })
          .wait(5_000);
        run
          .session({ peer: peer(2), port: 4567 }, { turns: 1, payloadThere: 200, payloadBack: 900, ms: 60 })
          .wait(5_000);
      }
      // The one at the odd port is a beacon, or looks like one.
      assert.equal(run.kinds(), ['out BEACON']);
    });
  }

  test(`${profile}: a traceroute is no scan`, () => {
    const run = new DetectionRun(profile);
    for (let probe = 0; probe < 90; probe++) {
      run.attempt({ peer: peerV4(9), protocol: 'UDP', port: 33434 + probe, from: 55_555 }).wait(100);
    }
    assert.equal(run.kinds(), []);
  });

  test(`${profile}: answers to discovery come from many hosts and are no scan`, () => {
    const run = new DetectionRun(profile);
    run.attempt({ peer: v4('239.255.255.250'), protocol: 'UDP', from: 50_123, port: 1900 });
    for (let host = 0; host < 40; host++) {
      run.attempt({ way: 'in', peer: peerV4(host), protocol: 'UDP', from: 1900, port: 50_123 }).wait(50);
      run.attempt({ way: 'out', peer: peerV4(1), protocol: 'UDP', from: 1900, port: 51_000 + host }).wait(50);
    }
    assert.equal(run.kinds(), []);
  });

  test(`${profile}: a vertical scan goes on while a horizontal one begins: both are seen, none twice`, () => {
    const run = new DetectionRun(profile);
    for (let step = 0; step < 400; step++) {
      run.attempt({ peer: peerV4(500), port: 1_000 + step });
      if (step > 50) run.attempt({ peer: peerV4(step), port: 23 });
      run.wait(200);
    }
    assert.equal(run.kinds(), ['out VERTICAL_SCAN', 'out HORIZONTAL_SCAN']);
  });

  test(`${profile}: a scan behind a flood from spoofed sources is seen, the flood makes no scan`, () => {
    const run = new DetectionRun(profile);
    for (let step = 0; step < 20_000; step++) {
      run.attempt({ way: 'in', peer: peerV4(step * 7 + 1_000), port: 80, from: 1_024 + (step % 60_000) });
      if (step % 40 === 0) run.attempt({ way: 'in', peer: peerV4(3), port: 1_000 + step / 40, from: 40_000 });
      run.wait(2);
    }
    assert.equal(run.kinds(), ['in SYN_FLOOD', 'in VERTICAL_SCAN']);
  });

  test(`${profile}: keys made on purpose to fill every table hide no other kind`, () => {
    const run = new DetectionRun(profile);
    for (let step = 0; step < 3_000; step++) {
      // Two ports of each of thousands of hosts, two hosts of each of thousands of ports.
      run.attempt({ peer: peerV4(step >> 1), port: 10_000 + step });
      run.attempt({ peer: peerV4(3_000 + step), port: 20_000 + (step >> 1) });
      if (step % 10 === 0) run.attempt({ peer: peerV4(7_000 + step), protocol: 'ICMP' });
      if (step % 7 === 0) run.attempt({ way: 'in', peer: peerV4(9_000), port: 1 + step });
      run.wait(40);
    }
    const kinds = run.kinds();
    assert.ok(kinds.includes('out ADDRESS_SWEEP'), kinds.join());
    assert.ok(kinds.includes('in VERTICAL_SCAN'), kinds.join());
  });

  test(`${profile}: a detection ends after 5 min without evidence, and a second scan is a second one`, () => {
    const run = new DetectionRun(profile);
    const scan = () => {
      for (let host = 0; host < 60; host++) run.attempt({ peer: peerV4(host) }).wait(500);
    };
    scan();
    for (let second = 0; second < 400; second++) {
      run.tick();
      run.wait(1_000);
    }
    assert.equal(
      run.detections().map(({ state }) => state),
      ['ENDED'],
    );
    scan();
    assert.equal(
      run.detections().map(({ number, state }) => `${number} ${state}`),
      ['1 ENDED', '2 BEGUN'],
    );
  });

  test(`${profile}: an hour's scan is one detection with a handful of updates`, () => {
    const run = new DetectionRun(profile);
    for (let host = 0; host < 3_600; host++) run.attempt({ peer: peerV4(host) }).wait(1_000);
    const [found, ...others] = run.detections();
    assert.equal(others, []);
    assert.is(found?.state, 'ONGOING');
    assert.ok(found && found.changes >= 4 && found.changes <= 8, `${found?.changes} changes`);
    assert.ok(found && Math.abs(found.peerCount / 3_600 - 1) < 0.3, `${found?.peerCount} of 3600 hosts`);
  });

  test(`${profile}: limits and windows are configuration`, () => {
    const few = new DetectionRun(profile, numbers(KEY_DETECTION, KIND_HORIZONTAL_SCAN, 5));
    for (let host = 0; host < 8; host++) few.attempt({ peer: peerV4(host) }).wait(1_000);
    assert.equal(few.kinds(), ['out HORIZONTAL_SCAN']);
    const brief = new DetectionRun(
      profile,
      numbers(KEY_DETECTION, DETECT_WINDOW, 20, DETECT_LONG_WINDOW, 60),
    );
    for (let host = 0; host < 60; host++) brief.attempt({ peer: peerV4(host) }).wait(3_000);
    assert.equal(brief.kinds(), []);
    const off = new DetectionRun(profile, ...detectionOff(profile));
    for (let host = 0; host < 100; host++) off.attempt({ peer: peerV4(host) }).wait(100);
    assert.equal(off.kinds(), []);
  });
}

test.run();
