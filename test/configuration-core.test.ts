// The schema against the cores: what it accepts every profile accepts, and a change while running loses nothing.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Core } from '../bindings/js/core.ts';
import { writeFrame } from '../bindings/js/frames.ts';
import { loadCore } from '../bindings/js/load.ts';
import type { MessageFormat } from '../bindings/js/messages/security-message.ts';
import { applyToCore, coreChanges } from '../host/configuration/core-changes.ts';
import { KEY_NAMES, type KeyName, type Settings } from '../host/configuration/keys.ts';
import { limitsOf } from '../host/configuration/limits.ts';
import { type Resolved, resolveConfiguration } from '../host/configuration/resolve.ts';
import { applyDesired } from '../host/configuration/twin.ts';
import { FORMAT_2_3, FORMAT_3_0_FLATBUFFERS, FORMAT_3_0_PROTOBUF } from '../schema/configuration-block.ts';
import { EPOCH, readTaken } from './support/driven-core.ts';
import type { ReadEvent } from './support/message-reader.ts';
import { frame, peerV4, peerV6 } from './support/packets.ts';
import { PROFILES, type Profile, wasmBytes } from './support/profiles.ts';
import { validSettings } from './support/random-settings.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';
import { codeOf } from './support/thrown-error.ts';

const SEED = seedOfRun();
const FORMAT_NUMBERS: Readonly<Record<MessageFormat, number>> = {
  '2.3': FORMAT_2_3,
  '3.0-flatbuffers': FORMAT_3_0_FLATBUFFERS,
  '3.0-protobuf': FORMAT_3_0_PROTOBUF,
};
const SEED_BYTES = new Uint8Array(32).fill(7);
const DEVICE: Settings = {
  LocalAddresses: ['10.0.0.5/24', '2001:db8::5/64'],
  Agent_FirstCollectionInterval: 0,
};

/** A core that runs by a configuration, and what it has said. */
class Device {
  readonly core: Core;
  resolved: Resolved;
  readonly events: ReadEvent[] = [];
  #time = EPOCH;
  #frames = 0;

  static async open(profile: Profile, settings: Settings = {}): Promise<Device> {
    const core = await loadCore(wasmBytes(profile));
    return new Device(core, resolve(core, { ...DEVICE, Agent_MaxBatchDelay: 0, ...settings }));
  }

  constructor(core: Core, resolved: Resolved) {
    this.core = core;
    this.resolved = resolved;
    core.configure({ seed: SEED_BYTES, ...coreChanges(undefined, resolved).core });
    core.start(EPOCH);
    core.connect();
    this.#drain();
  }

  desire(desired: Settings): void {
    const { resolved, faults } = applyDesired(this.resolved, desired);
    assert.equal(faults, []);
    applyToCore(this.core, coreChanges(this.resolved, resolved));
    this.resolved = resolved;
    this.#drain();
  }

  hear(peer: number): void {
    const { bytes } = frame({ to: peer % 2 ? peerV4(peer) : peerV6(peer), payload: peer % 97 });
    const length = writeFrame(this.core.input, 0, this.#time, bytes);
    // A gateway stops before a packet that would be merged, and collects first.
    while (this.core.observe(0, length) < length) this.core.tick(this.#time);
    this.#frames++;
  }

  /** Runs to a time of the clock, tick by tick. */
  until(seconds: number): void {
    const end = EPOCH + seconds * 1000;
    while (this.core.due <= end) {
      this.core.tick(this.core.due);
      this.#drain();
    }
    this.#time = end;
    this.core.tick(end);
    this.#drain();
  }

  /** Kinds of events since the last call, each with its second on the clock. */
  heard(): string[] {
    return this.events.splice(0).map(({ kind, time }) => `${time - EPOCH / 1000} ${kind}`);
  }

  /** Everything that was seen has been counted or ignored, and all that was counted reported. */
  checkBooks(): void {
    this.core.collect(this.#time, ['NetworkActivity']);
    this.#drain();
    const { packets, bytes } = this.core.status();
    const ignored = Object.values(packets.ignored).reduce((sum, count) => sum + count, 0);
    assert.is(packets.counted + ignored, this.#frames);
    assert.is(bytes.reported, bytes.observed);
  }

  #drain(): void {
    for (let message = this.core.nextMessage(); message; message = this.core.nextMessage()) {
      const format = FORMAT_NUMBERS[message.format];
      this.events.push(...readTaken({ format, bytes: message.bytes.slice() }).events);
      this.core.acknowledge(message.sequence);
      this.core.tick(this.core.now);
    }
  }
}

function resolve(core: Core, settings: Settings): Resolved {
  const resolved = resolveConfiguration([{ source: 'file', values: settings }], { limits: limitsOf(core) });
  assert.equal(resolved.faults, []);
  return resolved;
}

for (const profile of PROFILES) {
  test(`${profile}: every format the schema offers it writes, and no core writes what its profile lacks`, async () => {
    const { formats } = limitsOf(await loadCore(wasmBytes(profile)));
    for (const format of ['2.3', '3.0-flatbuffers', '3.0-protobuf'] as MessageFormat[]) {
      const core = await loadCore(wasmBytes(profile));
      const isTaken = codeOf(() => core.configure({ format })) === undefined;
      assert.is(isTaken, formats.includes(format), format);
    }
  });

  test(`${profile}: every configuration the schema accepts the core accepts, SEED=${SEED}`, async () => {
    const random = new SeededRandom(SEED);
    const core = await loadCore(wasmBytes(profile));
    const limits = limitsOf(core);
    let before: Resolved | undefined;
    for (let round = 0; round < 2_000; round++) {
      const settings = validSettings(random, limits);
      const told = JSON.stringify(settings);
      const next = resolveConfiguration([{ source: 'file', values: settings }], { limits });
      assert.equal(next.faults, [], told);
      // Whole, and as the difference to the one before.
      for (const changes of [coreChanges(undefined, next), coreChanges(before, next)]) {
        assert.is(
          codeOf(() => core.configure(changes.core)),
          undefined,
          told,
        );
      }
      assert.equal(coreChanges(next, next), { core: {}, host: [] });
      before = next;
    }
  });

  test(`${profile}: the largest configuration fits one block`, async () => {
    const core = await loadCore(wasmBytes(profile));
    const { localAddresses, textBytes } = limitsOf(core);
    const long = 'x'.repeat(textBytes);
    const resolved = resolve(core, {
      LocalAddresses: Array.from({ length: 2 * localAddresses }, (_, index) =>
        index < localAddresses ? `10.0.0.${index}/24` : `2001:db8::${index.toString(16)}/64`,
      ),
      SystemInformation_OsName: long,
      SystemInformation_Kernel: long,
      SystemInformation_NetworkStack: long,
      SystemInformation_HardwareModel: long,
    });
    core.configure({ seed: SEED_BYTES, ...coreChanges(undefined, resolved).core });
  });

  test(`${profile}: a random change at a random moment keeps the books, SEED=${SEED}`, async () => {
    const random = new SeededRandom(SEED);
    const device = await Device.open(profile);
    const limits = limitsOf(device.core);
    let peer = 0;
    for (let second = 1; second < 300; second++) {
      // Addresses stay: without them nothing would be counted.
      const { LocalAddresses: _, ...settings } = validSettings(random, limits, CORE_KEYS);
      if (random.once(5)) device.desire(settings);
      for (let frames = random.below(10); frames > 0; frames--) device.hear(peer++ % 50);
      device.until(second);
    }
    device.checkBooks();
  });

  test(`${profile}: what was collected so far is sent first, then an interval change applies at once`, async () => {
    const device = await Device.open(profile, {
      CollectorsCore_PriorityIntervals: '10s,1h,1h',
      Agent_MaxBatchDelay: 0,
    });
    device.until(3);
    device.hear(1);
    device.desire({ CollectorsCore_PriorityIntervals: '2s,1h,1h' });
    assert.equal(device.heard(), ['3 NetworkActivity'], 'what was collected');
    assert.is(device.core.due, EPOCH + 5_000, 'two seconds from now, not ten');
    device.hear(2);
    device.until(5);
    assert.equal(device.heard(), ['5 NetworkActivity']);
    device.hear(3);
    device.desire({ CollectorsCore_PriorityIntervals: '30d,30d,30d' });
    assert.equal(device.heard(), ['5 NetworkActivity'], 'nothing waits for a month');
    device.until(3_600);
    assert.equal(device.heard(), []);
    device.checkBooks();
  });

  test(`${profile}: the texts of a message are those of the configuration, changed while running`, async () => {
    const device = await Device.open(profile, {
      SystemInformation_OsName: 'ThreadX',
      SystemInformation_OsVersion: '6.4',
      SystemInformation_HardwareVendor: 'Acme',
      SystemInformation_FirmwareVersion: '7',
    });
    device.desire({ SystemInformation_OsVersion: '6.5', SystemInformation_NetworkStack: 'NetX Duo' });
    device.core.collect(EPOCH, ['SystemInformation']);
    device.until(0);
    assert.equal(
      device.events.map(({ system }) => system),
      [{ os: 'ThreadX 6.5', kernel: 'NetX Duo', hardware: 'Acme 7' }],
    );
  });
}

// In 3.0 what has been said is a heartbeat, and system information is said once a day (shared-messages.test.ts).
for (const profile of PROFILES.filter((profile) => profile !== 'lean')) {
  test(`${profile}: collectors are switched off and on again while running`, async () => {
    const device = await Device.open(profile, {
      Agent_MessageFormat: '2.3',
      CollectorsCore_PriorityIntervals: '10s,20s,30s',
    });
    device.until(30);
    assert.equal(device.heard(), ['30 SystemInformation', '30 Heartbeat']);
    device.desire({ Heartbeat_Disabled: true });
    device.until(60);
    assert.equal(device.heard(), ['60 SystemInformation']);
    device.hear(1);
    device.desire({ Heartbeat_Disabled: true, NetworkActivity_Disabled: 'true' });
    assert.equal(device.heard(), ['60 NetworkActivity'], 'what it had counted');
    device.hear(2);
    device.until(90);
    assert.equal(device.heard(), ['90 SystemInformation']);
    assert.is(device.core.status().packets.ignored.disabled, 1);
    device.desire({});
    device.hear(3);
    device.until(120);
    assert.equal(device.heard(), ['100 NetworkActivity', '120 SystemInformation', '120 Heartbeat']);
    device.checkBooks();
  });

  test(`${profile}: a collector moves between priority groups while running`, async () => {
    const device = await Device.open(profile, {
      Agent_MessageFormat: '2.3',
      CollectorsCore_PriorityIntervals: '10s,20s,60s',
    });
    device.until(60);
    device.heard();
    device.desire({ Heartbeat_MessageFrequency: 'High' });
    device.until(90);
    assert.equal(device.heard(), ['70 Heartbeat', '80 Heartbeat', '90 Heartbeat']);
    device.desire({ Heartbeat_MessageFrequency: 'Low' });
    device.until(110);
    assert.equal(device.heard(), []);
    device.until(125);
    assert.equal(device.heard(), ['120 SystemInformation', '120 Heartbeat']);
  });
}

test('without a hub, and with a full outbox, a change loses nothing', async () => {
  for (const profile of PROFILES) {
    const device = await Device.open(profile);
    device.core.disconnect(EPOCH);
    for (let peer = 0; peer < 3_000; peer++) {
      device.hear(peer);
      if (peer % 60 === 0) device.core.collect(EPOCH, ['NetworkActivity']);
    }
    const { resolved } = applyDesired(device.resolved, {
      NetworkActivity_CacheSize: 5,
      Heartbeat_Disabled: true,
    });
    applyToCore(device.core, coreChanges(device.resolved, resolved));
    for (let round = 0; round < 50; round++) {
      device.until(round);
      device.core.collect(EPOCH, ['NetworkActivity']);
    }
    device.checkBooks();
  }
});

const HOST_KEYS: readonly KeyName[] = ['Connections', 'Spool_Path', 'Detection_IndicatorFile'];
const CORE_KEYS = KEY_NAMES.filter((key) => !HOST_KEYS.includes(key));

test.run();
