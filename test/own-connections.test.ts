// The agent's own connections to its hubs: ignored as `own`, in and out, without costing a message or a count.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type CoreConfiguration, encodeConfiguration } from '../bindings/js/configuration.ts';
import { Core } from '../bindings/js/core.ts';
import type { WardletError } from '../bindings/js/errors.ts';
import { COUNTED, NON_UNICAST, OWN } from '../schema/reasons.ts';
import { STATUS_BYTES, STATUS_MERGED, STATUS_MESSAGES, STATUS_REPORTED_BYTES } from '../schema/status.ts';
import { block, numbers, type Own, ownConnections } from './support/configuration-block.ts';
import { v4 } from './support/device.ts';
import { type DrivenCore, EPOCH, startedCore } from './support/driven-core.ts';
import { checkIndex, readRecords } from './support/flow-table-reader.ts';
import type { Frame } from './support/packet-model.ts';
import {
  DEVICE_V4,
  DEVICE_V6,
  frame,
  type PacketOptions,
  PEER_V4,
  PEER_V6,
  peerV4,
} from './support/packets.ts';
import { newExports, PROFILES } from './support/profiles.ts';
import { errorOf } from './support/thrown-error.ts';

const HUB = 8883;
const LOCAL = 50_123;
const HUB_V4: Own = { remote: PEER_V4, remotePort: HUB, localPort: LOCAL };
const HUB_V6: Own = { remote: PEER_V6, remotePort: HUB, localPort: LOCAL };
const TO_HUB = frame({ fromPort: LOCAL, toPort: HUB, payload: 10 });
const FROM_HUB = frame({ from: PEER_V4, to: DEVICE_V4, fromPort: HUB, toPort: LOCAL, payload: 20 });
const TO_HUB_V6 = frame({ to: PEER_V6, fromPort: LOCAL, toPort: HUB });
const FROM_HUB_V6 = frame({ from: PEER_V6, to: DEVICE_V6, fromPort: HUB, toPort: LOCAL });

/** The verdict on a frame. */
function verdictOf(core: DrivenCore, whole: Frame): number {
  const before = core.verdicts();
  core.observe(whole, EPOCH + 1);
  return core.verdicts().findIndex((count, verdict) => count !== before[verdict]);
}

function reported(core: DrivenCore) {
  core.collect(EPOCH + 1, 1);
  return core.drain().flatMap(({ message }) => message.events.flatMap((event) => event.flows));
}

for (const profile of PROFILES) {
  test(`${profile}: packets of an own connection are ignored as own, in and out, over IPv4 and IPv6`, () => {
    const core = startedCore(profile, ownConnections([HUB_V4, HUB_V6]));
    for (const own of [TO_HUB, FROM_HUB, TO_HUB_V6, FROM_HUB_V6]) assert.is(verdictOf(core, own), OWN);
    assert.is(core.u64(STATUS_BYTES), 0);
    assert.equal(reported(core), []);
  });

  test(`${profile}: another address, either port, UDP, a later fragment: all of these count`, () => {
    const core = startedCore(profile, ownConnections([HUB_V4, HUB_V6]));
    const others: readonly PacketOptions[] = [
      { to: peerV4(1), fromPort: LOCAL, toPort: HUB },
      { fromPort: LOCAL + 1, toPort: HUB },
      { fromPort: LOCAL, toPort: HUB + 1 },
      { fromPort: HUB, toPort: LOCAL },
      { fromPort: LOCAL, toPort: HUB, protocol: 'UDP' },
      { to: PEER_V6, fromPort: LOCAL, toPort: HUB, protocol: 'UDP' },
      { to: PEER_V6, fromPort: LOCAL + 1, toPort: HUB },
      { fromPort: LOCAL, toPort: HUB, fragment: 0x0010 },
      { protocol: 'ICMP' },
    ];
    for (const other of others) assert.is(verdictOf(core, frame(other)), COUNTED, JSON.stringify(other));
    // The first fragment has ports.
    assert.is(verdictOf(core, frame({ fromPort: LOCAL, toPort: HUB, fragment: 0x2000 })), OWN);
  });

  test(`${profile}: without a local port every connection to that endpoint is own, but no other protocol`, () => {
    const core = startedCore(profile, ownConnections([{ ...HUB_V4, localPort: 0 }]));
    for (const fromPort of [1, LOCAL, 65_535]) {
      assert.is(verdictOf(core, frame({ fromPort, toPort: HUB })), OWN);
      assert.is(verdictOf(core, frame({ fromPort, toPort: HUB, protocol: 'UDP' })), COUNTED);
      assert.is(verdictOf(core, frame({ fromPort, toPort: HUB + 1 })), COUNTED);
    }
  });

  test(`${profile}: unicast is judged first`, () => {
    const group = v4('224.0.0.251');
    const core = startedCore(profile, ownConnections([{ remote: group, remotePort: HUB, localPort: 0 }]));
    assert.is(verdictOf(core, frame({ to: group, toPort: HUB })), NON_UNICAST);
    core.configure(numbers(6, 0));
    assert.is(verdictOf(core, frame({ to: group, toPort: HUB })), OWN);
  });

  test(`${profile}: what was counted before the connection was known as own is reported under its name`, () => {
    const core = startedCore(profile);
    for (const before of [TO_HUB, FROM_HUB, TO_HUB_V6]) assert.is(verdictOf(core, before), COUNTED);
    core.configure(ownConnections([HUB_V4, HUB_V6]));
    for (const after of [TO_HUB, FROM_HUB, TO_HUB_V6, FROM_HUB_V6]) assert.is(verdictOf(core, after), OWN);
    const flows = reported(core);
    assert.equal(
      flows.map(({ bytesIn, bytesOut }) => [bytesIn, bytesOut]),
      [
        [40, 30],
        [0, 20],
      ],
    );
    assert.is(core.u64(STATUS_MERGED), 0);
    assert.is(core.u64(STATUS_BYTES), core.u64(STATUS_REPORTED_BYTES));
  });

  test(`${profile}: a connection that is own no longer counts on in the record it had`, () => {
    const core = startedCore(profile);
    verdictOf(core, TO_HUB);
    core.configure(ownConnections([HUB_V4]));
    assert.equal(
      readRecords(core, 4).map(({ isOwn }) => isOwn),
      [true],
    );
    core.configure(ownConnections([]));
    assert.is(verdictOf(core, TO_HUB), COUNTED);
    assert.equal(
      readRecords(core, 4).map(({ isOwn, bytesOut }) => [isOwn, bytesOut]),
      [[false, 60]],
    );
  });

  test(`${profile}: a storm of reconnects makes no message and merges nothing`, () => {
    const core = startedCore(profile);
    for (let peer = 0; peer < 20; peer++) core.observe(frame({ to: peerV4(peer) }), EPOCH + 1);
    const before = core.u32(STATUS_MESSAGES);
    for (let round = 0; round < 2_000; round++) {
      assert.is(core.configure(ownConnections([{ ...HUB_V4, localPort: 1 + round }])), 0);
      assert.is(verdictOf(core, frame({ fromPort: 1 + round, toPort: HUB })), OWN);
    }
    assert.is(core.u32(STATUS_MESSAGES), before);
    assert.is(core.u64(STATUS_MERGED), 0);
    assert.is(reported(core).length, 20);
  });

  test(`${profile}: the record of an own connection is taken over once its counts are reported`, () => {
    const core = startedCore(profile, numbers(4, 4));
    for (let round = 0; round < 50; round++) {
      // Connections whose first packets were seen before the host knew the local port.
      for (let port = 1; port <= 4; port++) {
        assert.is(verdictOf(core, frame({ fromPort: 100 * round + port, toPort: HUB })), COUNTED);
      }
      core.configure(ownConnections([{ ...HUB_V4, localPort: 0 }]));
      checkIndex(core, 4);
      assert.is(reported(core).length, 4);
      core.configure(ownConnections([]));
    }
    assert.is(core.u64(STATUS_MERGED), 0);
    assert.is(core.u64(STATUS_BYTES), core.u64(STATUS_REPORTED_BYTES));
  });
}

const TWO: CoreConfiguration = {
  ownConnections: [
    { remoteAddress: '192.0.2.1', remotePort: HUB, localPort: LOCAL },
    { remoteAddress: '2001:db8:1::1', remotePort: 443 },
  ],
};

test('bindings write what the block says, and a dual-stack socket’s address is the IPv4 one', () => {
  const expected = block([ownConnections([HUB_V4, { remote: PEER_V6, remotePort: 443, localPort: 0 }])]);
  assert.equal(encodeConfiguration(TWO), expected);
  const [mapped, plain] = ['::ffff:192.0.2.1', '192.0.2.1'].map((remoteAddress) =>
    encodeConfiguration({ ownConnections: [{ remoteAddress, remotePort: HUB }] }),
  );
  assert.equal(mapped, plain);
  assert.equal(encodeConfiguration({ ownConnections: [] }), block([ownConnections([])]));
});

test('bindings refuse what is no address or no port, and name it', () => {
  const refusedBy = (own: object): WardletError =>
    errorOf(() => encodeConfiguration({ ownConnections: [own] } as CoreConfiguration));
  for (const remoteAddress of ['hub.example', '192.0.2.1/24', 'fe80::1%eth0', '']) {
    assert.is(refusedBy({ remoteAddress, remotePort: HUB }).code, 'WL_BAD_ADDRESS');
  }
  for (const remotePort of [0, -1, 1.5, 65_536, Number.NaN, undefined, '8883']) {
    const error = refusedBy({ remoteAddress: '192.0.2.1', remotePort });
    assert.is(error.code, 'WL_BAD_CONFIGURATION');
    assert.match(error.message, 'remotePort');
  }
  for (const localPort of [-1, 0.5, 65_536, null, '50123']) {
    const error = refusedBy({ remoteAddress: '192.0.2.1', remotePort: HUB, localPort });
    assert.is(error.code, 'WL_BAD_CONFIGURATION');
    assert.match(error.message, 'localPort');
  }
});

test('more own connections than the profile holds are refused by its core', () => {
  const core = new Core(newExports('lean-strict'));
  core.configure(TWO);
  const three = [...(TWO.ownConnections ?? []), { remoteAddress: '192.0.2.2', remotePort: HUB }];
  const error = errorOf(() => core.configure({ ownConnections: three }));
  assert.is(error.code, 'WL_BAD_CONFIGURATION');
  assert.match(error.message, 'ownConnections');
});

test.run();
