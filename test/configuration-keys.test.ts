// Every key: its default, what it takes, from a file and from a twin while running, and what it refuses.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DEFINITIONS, isKey, KEY_NAMES, KEYS, type KeyName, LATER } from '../host/configuration/keys.ts';
import type { Limits } from '../host/configuration/limits.ts';
import { type Resolved, resolveConfiguration } from '../host/configuration/resolve.ts';
import { applyDesired } from '../host/configuration/twin.ts';

const STANDARD: Limits = {
  profile: 'standard',
  flows: 64,
  localAddresses: 8,
  textBytes: 128,
  detects: true,
  formats: ['2.3'],
};
/** As a build will be that has them all. */
const ALL_FORMATS: Limits = { ...STANDARD, formats: ['3.0-protobuf', '3.0-flatbuffers', '2.3'] };

interface Case {
  readonly initial: unknown;
  /** Given, and what comes of it. */
  readonly takes: ReadonlyArray<readonly [given: unknown, value: unknown]>;
  readonly refuses: readonly unknown[];
}

const NO_TEXT = [1, true, [], {}];
const FLAG_REFUSES = [0, 1, 'yes', '', 'truetruetrue', [], {}, [true]];
const offByDefault: Case = {
  initial: false,
  takes: [
    [true, true],
    ['true', true],
    ['False', false],
    [' TRUE ', true],
  ],
  refuses: FLAG_REFUSES,
};
const onByDefault: Case = { ...offByDefault, initial: true };
const frequency = (initial: string): Case => ({
  initial,
  takes: [
    ['Low', 'Low'],
    ['Medium', 'Medium'],
    ['High', 'High'],
    ['high', 'High'],
  ],
  refuses: ['', 'Off', 'Lowest', 0, true, ['Low'], {}, 'x'.repeat(1e6)],
});
const information: Case = {
  initial: '',
  takes: [
    ['Thermostat 4 ß', 'Thermostat 4 ß'],
    ['', ''],
    ['ä'.repeat(64), 'ä'.repeat(64)],
  ],
  refuses: [...NO_TEXT, 'x'.repeat(129), 'ä'.repeat(65), 'x'.repeat(1e6), 'a\nb', 'a\u0000', '\ud800'],
};
const seconds = (initial: number, least: number, most: number): Case => ({
  initial,
  takes: [
    [least, least],
    [most, most],
    [String(most), most],
    ['5m', 300],
    ['PT5M', 300],
    ['1 h', 3_600],
  ],
  refuses: [
    least - 1,
    most + 1,
    1.5,
    '',
    'soon',
    '1.5',
    '5x',
    'P',
    'PT',
    '-5s',
    'PT0.5S',
    Number.NaN,
    true,
    [5],
    {},
  ],
});
const minutes = (initial: number, most: number): Case => ({
  initial,
  takes: [
    [1, 1],
    [most, most],
    ['2h', 120],
    ['PT2H', 120],
    ['P1D', 1_440],
    ['120s', 2],
  ],
  refuses: [0, most + 1, '90s', 'PT30S', '', 'x', null === undefined, [], {}],
});

const limit = (initial: number): Case => ({
  initial,
  takes: [
    [2, 2],
    ['1000', 1_000],
    [1_000_000, 1_000_000],
  ],
  refuses: [1, 1_000_001, 2.5, '', 'many', true, [], {}],
});

const CASES: Readonly<Record<KeyName, Case>> = {
  CollectorsCore_PriorityIntervals: {
    initial: { high: 10, medium: 30, low: 60 },
    takes: [
      ['30,120,1440', { high: 1_800, medium: 7_200, low: 86_400 }],
      ['1s,2s,3s', { high: 1, medium: 2, low: 3 }],
      ['5m, 1h, 1d', { high: 300, medium: 3_600, low: 86_400 }],
      ['PT10S,PT1M,P30D', { high: 10, medium: 60, low: 2_592_000 }],
      ['10s,10s,10s', { high: 10, medium: 10, low: 10 }],
      [['10s', '1m', 2], { high: 10, medium: 60, low: 120 }],
      [
        { high: 10, medium: 30, low: 60 },
        { high: 10, medium: 30, low: 60 },
      ],
    ],
    refuses: [
      '',
      '10s',
      '10s,20s',
      '10s,20s,30s,40s',
      '0s,1s,2s',
      '0,0,0',
      '20s,10s,30s',
      '10s,40s,30s',
      '10s,20s,31d',
      '1.5,2,3',
      '-1,2,3',
      'a,b,c',
      30,
      [10, 20],
      { high: 1, medium: 2 },
      { high: '1s', medium: 2, low: [] },
      'x'.repeat(1e6),
    ],
  },
  NetworkActivity_Disabled: offByDefault,
  NetworkActivity_MessageFrequency: frequency('High'),
  NetworkActivity_CacheSize: {
    initial: 64,
    takes: [
      [1, 1],
      [64, 64],
      ['32', 32],
    ],
    refuses: [0, 65, -1, 1.5, 256, '', '1e1', '0x10', true, [], {}, Number.POSITIVE_INFINITY],
  },
  NetworkActivity_Protocols: {
    initial: ['TCP', 'UDP', 'ICMP'],
    takes: [
      ['TCP', ['TCP']],
      ['udp, tcp', ['TCP', 'UDP']],
      [['ICMP'], ['ICMP']],
      [['TCP', 'TCP'], ['TCP']],
    ],
    refuses: ['', [], 'SCTP', ['TCP', 6], ['TCP', 'UDP', 'ICMP', 'TCP'], 6, true, {}],
  },
  NetworkActivity_UnicastOnly: onByDefault,
  NetworkActivity_ExcludeOwnConnection: offByDefault,
  NetworkActivity_SendEmptyEvents: offByDefault,
  LocalAddresses: {
    initial: [],
    takes: [
      [
        ['192.0.2.50/24', '2001:DB8:0::50/64'],
        ['192.0.2.50/24', '2001:db8::50/64'],
      ],
      ['192.0.2.50, fe80::1', ['192.0.2.50', 'fe80::1']],
      [['192.0.2.50', '192.0.2.50'], ['192.0.2.50']],
      [[], []],
      ['', []],
    ],
    refuses: [
      '192.0.2',
      '192.0.2.1/33',
      ['fe80::1%eth0'],
      [1],
      'eth0',
      {},
      5,
      Array.from({ length: 9 }, (_, index) => `10.0.0.${index}`),
      Array.from({ length: 17 }, (_, index) => `2001:db8::${index}`),
      'x'.repeat(1e6),
    ],
  },
  SystemInformation_Disabled: offByDefault,
  SystemInformation_MessageFrequency: frequency('Low'),
  SystemInformation_OsName: information,
  SystemInformation_OsVersion: information,
  SystemInformation_Kernel: information,
  SystemInformation_NetworkStack: information,
  SystemInformation_NetworkStackVersion: information,
  SystemInformation_HardwareVendor: information,
  SystemInformation_HardwareModel: information,
  SystemInformation_HardwareSerialNumber: information,
  SystemInformation_FirmwareVendor: information,
  SystemInformation_FirmwareVersion: information,
  Heartbeat_Disabled: offByDefault,
  Heartbeat_MessageFrequency: frequency('Low'),
  Connections: {
    initial: [],
    takes: [
      [
        'HostName=h;DeviceId=d;SharedAccessKey=YQ==',
        [
          {
            enabled: true,
            protocol: 'mqtt',
            connectionString: 'HostName=h;DeviceId=d;SharedAccessKey=YQ==',
          },
        ],
      ],
      [
        '[{"host":"h","id":"d","key":"YQ==","ca":"ca.pem"}]',
        [{ enabled: true, protocol: 'mqtt', ca: 'ca.pem', host: 'h', id: 'd', key: 'YQ==' }],
      ],
      [
        [
          {
            enabled: false,
            protocol: 'mqtt-ws',
            host: 'h',
            id: 'd',
            module: 'm',
            certificate: 'c',
            privateKey: 'k',
          },
        ],
        [
          {
            enabled: false,
            protocol: 'mqtt-ws',
            host: 'h',
            id: 'd',
            module: 'm',
            certificate: 'c',
            privateKey: 'k',
          },
        ],
      ],
      [
        [{ dps: { idScope: '0ne1', registrationId: 'd', groupKey: 'YQ==' } }],
        [
          {
            enabled: true,
            protocol: 'mqtt',
            dps: {
              host: 'global.azure-devices-provisioning.net',
              idScope: '0ne1',
              registrationId: 'd',
              groupKey: 'YQ==',
            },
          },
        ],
      ],
      [
        [{ dps: { host: 'dps', idScope: '0ne1', registrationId: 'd', key: 'YQ==' } }],
        [
          {
            enabled: true,
            protocol: 'mqtt',
            dps: { host: 'dps', idScope: '0ne1', registrationId: 'd', key: 'YQ==' },
          },
        ],
      ],
      [[], []],
    ],
    refuses: [
      5,
      {},
      [5],
      [{}],
      [{ host: 'h' }],
      [{ host: 'h', id: 'd' }],
      [{ host: 'h', id: 'd', key: 'no base64!' }],
      [{ host: 'h', id: 'd', key: 'YQ==', certificate: 'c', privateKey: 'k' }],
      [{ host: 'h', id: 'd', certificate: 'c' }],
      [{ host: 'h', id: 'd', key: 'YQ==', colour: 'red' }],
      [{ host: 'h', id: 'd', key: 'YQ==', protocol: 'amqp' }],
      [{ host: 'h', id: 'd', key: 'YQ==', enabled: 'yes' }],
      [{ connectionString: 'x', host: 'h' }],
      [{ connectionString: '' }],
      [{ dps: [] }],
      [{ dps: { idScope: '0ne1' } }],
      [{ dps: { idScope: '0ne1', registrationId: 'd' } }],
      [{ dps: { idScope: '0ne1', registrationId: 'd', key: 'YQ==', groupKey: 'YQ==' } }],
      [{ host: 'h', id: 'd', key: 'YQ==', dps: {} }],
      '[{"host"',
      Array.from({ length: 65 }, () => 'HostName=h;DeviceId=d;SharedAccessKey=YQ=='),
    ],
  },
  Spool_Path: {
    initial: undefined,
    takes: [['/var/lib/wardlet', '/var/lib/wardlet']],
    refuses: ['', 'a\u0000b', 'x'.repeat(1_025), ...NO_TEXT],
  },
  Spool_MaxBytes: {
    initial: 64_000_000,
    takes: [
      [65_536, 65_536],
      ['1000000', 1_000_000],
      [2 ** 40, 2 ** 40],
    ],
    refuses: [65_535, 2 ** 40 + 1, '64 MB', 1e6 + 0.5, true, [], {}],
  },
  Spool_MaxAge: minutes(2_880, 525_600),
  IothubModule_MessageTimeout: minutes(2_880, 43_200),
  Agent_MessageFormat: {
    initial: '2.3',
    takes: [['2.3', '2.3']],
    // This build has only 2.3.
    refuses: ['3.0-protobuf', '3.0-flatbuffers', '3', 2.3, '', true, [], {}],
  },
  Agent_MaxBatchDelay: {
    initial: 0,
    takes: [
      [0, 0],
      ['PT0S', 0],
    ],
    refuses: [1, 60, 3_601, -1, 'x', [], {}],
  },
  Agent_FirstCollectionInterval: seconds(30, 0, 2_592_000),
  Agent_PendingTime: seconds(300, 1, 2_592_000),
  Agent_RetryTime: seconds(3, 1, 3_600),
  Detection_Disabled: offByDefault,
  Detection_Window: seconds(300, 10, 3_600),
  // No shorter than the window.
  Detection_LongWindow: {
    ...seconds(3_600, 60, 86_400),
    takes: [
      [86_400, 86_400],
      ['5m', 300],
      ['1 h', 3_600],
    ],
  },
  Detection_HorizontalScanHosts: limit(25),
  Detection_VerticalScanPorts: limit(15),
  Detection_AddressSweepHosts: limit(15),
  Detection_BruteForceConnections: limit(10),
  Detection_BeaconCalls: limit(14),
  Detection_LearnTime: seconds(0, 0, 31_536_000),
  Detection_NetworkBits: {
    initial: 24,
    takes: [
      [8, 8],
      ['32', 32],
    ],
    refuses: [7, 33, 24.5, '', true, [], {}],
  },
  Detection_SynFloodConnections: limit(100),
  Detection_UdpFloodDatagrams: limit(100),
  Detection_IcmpFloodPings: limit(100),
  Detection_ReflectionHosts: limit(10),
  Detection_DnsTunnelBytes: limit(6_000),
  Detection_IcmpTunnelEchoes: limit(20),
  Detection_IndicatorFile: {
    initial: undefined,
    takes: [['/etc/wardlet/indicators.txt', '/etc/wardlet/indicators.txt']],
    refuses: ['', 'a\u0000b', 'x'.repeat(1_025), ...NO_TEXT],
  },
};

function resolve(values: unknown, limits = STANDARD): Resolved {
  return resolveConfiguration([{ source: 'file', values }], { limits });
}

/** As it is written, so that secrets and frozen lists compare. */
function written(resolved: Resolved, key: KeyName): unknown {
  return resolved.configuration[key] === undefined
    ? undefined
    : key === 'Connections'
      ? DEFINITIONS[key].kind.write(resolved.configuration[key])
      : resolved.configuration[key];
}

for (const key of KEY_NAMES) {
  const { initial, takes, refuses } = CASES[key];

  test(`${key}: without being given it has its default`, () => {
    const resolved = resolve({});
    assert.equal(written(resolved, key), initial);
    assert.equal(resolved.origins[key], { source: 'default' });
  });

  test(`${key}: takes what it should, writes what it takes`, () => {
    for (const [given, value] of takes) {
      const resolved = resolve({ [key]: given });
      assert.equal(resolved.faults, [], JSON.stringify(given));
      assert.equal(written(resolved, key), value, JSON.stringify(given));
      assert.equal(resolved.origins[key], { source: 'file' });
      const again = resolve({ [key]: DEFINITIONS[key].kind.write(resolved.configuration[key]) });
      assert.equal(again.configuration, resolved.configuration);
    }
  });

  test(`${key}: changes at run time, and goes back`, () => {
    const before = resolve({});
    for (const [given, value] of takes) {
      const { resolved, faults } = applyDesired(before, { [key]: given });
      if (!KEYS[key].from.some((source) => source === 'twin')) {
        assert.is(resolved, before);
        assert.match(faults[0]?.reason ?? '', /^is taken from file, environment/);
        continue;
      }
      assert.equal(faults, []);
      assert.equal(written(resolved, key), value);
      for (const desired of [{}, { [key]: null }]) {
        assert.equal(applyDesired(resolved, desired).resolved.configuration, before.configuration);
      }
    }
  });

  test(`${key}: refuses what it should, and the configuration before stays`, () => {
    const before = resolve({ Agent_RetryTime: 7 });
    for (const given of refuses) {
      const told = JSON.stringify(given)?.slice(0, 80);
      const other = key === 'Heartbeat_Disabled' ? 'SystemInformation_Disabled' : 'Heartbeat_Disabled';
      const { faults, configuration } = resolve({ [key]: given, [other]: true });
      assert.is(faults.length, 1, told);
      assert.is(faults[0]?.key, key);
      assert.ok((faults[0]?.reason ?? '').length > 5 && (faults[0]?.value ?? '').length < 80, told);
      assert.equal(configuration, resolve({}).configuration, 'a document with a fault counts for nothing');

      const outcome = applyDesired(before, { [other]: true, [key]: given });
      assert.is(outcome.resolved, before, told);
      assert.is(outcome.faults[0]?.key, key);
      if (key !== 'Connections') assert.type(outcome.faults[0]?.inForce, 'string');
    }
  });
}

test('what depends on the format follows it', () => {
  const { configuration } = resolve({}, ALL_FORMATS);
  assert.is(configuration.Agent_MessageFormat, '3.0-protobuf');
  assert.is(configuration.Agent_MaxBatchDelay, 60);
  assert.is(configuration.NetworkActivity_ExcludeOwnConnection, true);
  const strict = resolve({ Agent_MessageFormat: '2.3' }, ALL_FORMATS).configuration;
  assert.is(strict.Agent_MaxBatchDelay, 0);
  assert.is(strict.NetworkActivity_ExcludeOwnConnection, false);
  assert.is(resolve({ Agent_MaxBatchDelay: '5m' }, ALL_FORMATS).configuration.Agent_MaxBatchDelay, 300);
});

test('keys that come later are refused by name, with the reason', () => {
  for (const [start, reason] of Object.entries(LATER)) {
    const key = start.endsWith('_') ? `${start}Disabled` : start;
    assert.not.ok(isKey(key));
    const { faults } = resolve({ [key]: true });
    assert.equal(
      faults.map(({ key: name, reason: why }) => [name, why]),
      [[key, `is not available: ${reason}`]],
    );
  }
});

test.run();
