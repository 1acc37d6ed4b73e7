// Twins: existing ones keep working, a wrong one changes nothing, and what is reported is within a twin's limits.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { KEY_NAMES } from '../host/configuration/keys.ts';
import { LEGACY_OBJECT } from '../host/configuration/legacy-twin.ts';
import { type Resolved, resolveConfiguration } from '../host/configuration/resolve.ts';
import { applyDesired, reportedProperties, twinPatch } from '../host/configuration/twin.ts';
import { checkDocuments, checkReport, STANDARD } from './support/desired-documents.ts';
import { seedOfRun } from './support/seeded-random.ts';

const SEED = seedOfRun();
const GATEWAY = { ...STANDARD, flows: 65_535, localAddresses: 64 };

function device(values: unknown = {}, limits = STANDARD): Resolved {
  const resolved = resolveConfiguration([{ source: 'file', values }], { limits });
  assert.equal(resolved.faults, []);
  return resolved;
}

const legacy = (settings: Readonly<Record<string, unknown>>) => ({
  [LEGACY_OBJECT]: Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, { value }])),
});

/** The keys that twins of the Linux micro agent hold. */
const LINUX_TWIN = {
  Baseline_Disabled: false,
  Baseline_MessageFrequency: 'Low',
  Baseline_GroupsDisabled: '',
  SystemInformation_Disabled: false,
  SystemInformation_MessageFrequency: 'Low',
  SBoM_Disabled: false,
  NetworkActivity_Disabled: false,
  NetworkActivity_MessageFrequency: 'Medium',
  NetworkActivity_Devices: 'eth0',
  NetworkActivity_CacheSize: 256,
  Process_Mode: 1,
  LogCollector_Disabled: false,
  Heartbeat_Disabled: false,
  Heartbeat_MessageFrequency: 'Low',
  Login_MessageFrequency: 'Medium',
  IothubModule_MessageTimeout: 2880,
  CollectorsCore_PriorityIntervals: '30,120,1440',
  $version: 4,
  $metadata: { $lastUpdated: '2024-01-01T00:00:00Z' },
};

test('the twin of a Linux micro agent applies: what this agent has, the rest is named', () => {
  const outcome = applyDesired(device({}, GATEWAY), LINUX_TWIN);
  assert.equal(outcome.faults, []);
  assert.is(outcome.version, 4);
  const { configuration } = outcome.resolved;
  assert.equal(configuration.CollectorsCore_PriorityIntervals, { high: 1_800, medium: 7_200, low: 86_400 });
  assert.is(configuration.NetworkActivity_MessageFrequency, 'Medium');
  assert.is(configuration.NetworkActivity_CacheSize, 256);
  const report = reportedProperties(outcome);
  assert.is(report.latest_state, 'success');
  assert.is(report.latest_version, 4);
  assert.equal(report.latest_invalid_fields, [
    'Baseline_Disabled',
    'Baseline_MessageFrequency',
    'Baseline_GroupsDisabled',
    'SBoM_Disabled',
    'NetworkActivity_Devices',
    'Process_Mode',
    'LogCollector_Disabled',
    'Login_MessageFrequency',
  ]);
});

test('where the table is too small for it, the whole twin is refused and says so', () => {
  const before = device();
  const outcome = applyDesired(before, LINUX_TWIN);
  assert.is(outcome.resolved, before);
  const report = reportedProperties(outcome);
  assert.is(report.latest_state, 'failed');
  assert.is((report.latest_invalid_fields as string[])[0], 'NetworkActivity_CacheSize');
  assert.is(
    (report.latest_invalid_reasons as string[])[0],
    'NetworkActivity_CacheSize = 256: give a whole number from 1 to 64; in force: 64',
  );
  assert.is(report.NetworkActivity_MessageFrequency, 'High', 'in force is what was before');
});

test('the document counts whole: what it leaves out falls back to the device', () => {
  const own = device({ Agent_RetryTime: 9 });
  const first = applyDesired(own, { Agent_RetryTime: 20, Heartbeat_Disabled: true }).resolved;
  const second = applyDesired(first, { Heartbeat_Disabled: null }).resolved;
  assert.is(first.configuration.Agent_RetryTime, 20);
  assert.equal(second.configuration, own.configuration);
  const refused = applyDesired(first, { Agent_RetryTime: 'soon' });
  assert.is(refused.resolved, first, 'and a wrong one falls back to nothing');
  assert.is(refused.faults[0]?.inForce, '20');
});

test('a twin holds no secrets and no paths', () => {
  const before = device({ Connections: 'HostName=h;DeviceId=d;SharedAccessKey=b3du' });
  const outcome = applyDesired(before, {
    Connections: [{ host: 'evil', id: 'd', key: 'c2VjcmV0' }],
    Spool_Path: '/etc',
    Detection_IndicatorFile: '/etc/passwd',
    Heartbeat_Disabled: true,
  });
  assert.is(outcome.resolved, before);
  assert.equal(
    outcome.faults.map(({ key }) => key),
    ['Connections', 'Spool_Path', 'Detection_IndicatorFile'],
  );
  const text = JSON.stringify(reportedProperties(outcome));
  for (const secret of ['c2VjcmV0', 'b3du', 'evil']) assert.not.ok(text.includes(secret));
});

test('a rule between a key of the twin and one of the device refuses the twin', () => {
  const resolved = resolveConfiguration([{ source: 'file', values: { Agent_MaxBatchDelay: 30 } }], {
    limits: { ...STANDARD, formats: ['3.0-protobuf', '2.3'] },
  });
  const outcome = applyDesired(resolved, { Agent_MessageFormat: '2.3' });
  assert.is(outcome.resolved, resolved);
  assert.equal(
    outcome.faults.map(({ key, inForce }) => [key, inForce]),
    [['Agent_MessageFormat', '3.0-protobuf']],
  );
});

test('the object of the first security agents is read', () => {
  const { resolved, faults, ignored } = applyDesired(
    device(),
    legacy({
      highPriorityMessageFrequency: 'PT7M',
      lowPriorityMessageFrequency: 'PT5H',
      eventPriorityConnectionCreate: 'Low',
      eventPrioritySystemInformation: 'Off',
      eventPriorityHeartbeat: 'High',
      eventPriorityListeningPorts: 'High',
      eventPriorityProcessCreate: 'Off',
      maxMessageSizeInBytes: 20_480,
      maxLocalCacheSizeInBytes: 2_560_000,
      snapshotFrequency: 'PT13H',
    }),
  );
  assert.equal(faults, []);
  const { configuration, origins } = resolved;
  assert.equal(configuration.CollectorsCore_PriorityIntervals, { high: 420, medium: 420, low: 18_000 });
  assert.equal(origins.CollectorsCore_PriorityIntervals, {
    source: 'twin',
    where: 'lowPriorityMessageFrequency',
  });
  assert.is(configuration.NetworkActivity_MessageFrequency, 'Low');
  assert.is(configuration.SystemInformation_Disabled, true);
  assert.is(configuration.Heartbeat_Disabled, false);
  assert.is(configuration.Heartbeat_MessageFrequency, 'High');
  assert.is(configuration.Spool_MaxBytes, 2_560_000);
  assert.equal(
    ignored.map(({ key }) => key),
    ['eventPriorityListeningPorts', 'eventPriorityProcessCreate', 'snapshotFrequency'],
  );
});

test('of the first agents: one interval alone leaves the other, a key of today wins', () => {
  const intervals = (desired: unknown) =>
    applyDesired(device(), desired).resolved.configuration.CollectorsCore_PriorityIntervals;
  assert.equal(intervals(legacy({ highPriorityMessageFrequency: 'PT40S' })), {
    high: 40,
    medium: 40,
    low: 60,
  });
  assert.equal(intervals(legacy({ lowPriorityMessageFrequency: 'PT20S' })), {
    high: 10,
    medium: 20,
    low: 20,
  });
  assert.equal(
    intervals({
      ...legacy({ highPriorityMessageFrequency: 'PT40S' }),
      CollectorsCore_PriorityIntervals: '1s,2s,3s',
    }),
    { high: 1, medium: 2, low: 3 },
  );
});

test('of the first agents: what is wrong is refused by its own name', () => {
  const before = device();
  for (const [name, value] of [
    ['highPriorityMessageFrequency', '7'],
    ['highPriorityMessageFrequency', 7],
    ['lowPriorityMessageFrequency', 'PT'],
    ['eventPriorityHeartbeat', 'Medium'],
    ['eventPriorityAnything', true],
    ['maxMessageSizeInBytes', 8_191],
    ['maxMessageSizeInBytes', 262_145],
    ['maxLocalCacheSizeInBytes', 8_192],
    ['maxLocalCacheSizeInBytes', '9000'],
  ] as const) {
    const outcome = applyDesired(before, { ...legacy({ [name]: value }), Heartbeat_Disabled: true });
    assert.is(outcome.resolved, before, name);
    assert.equal(
      outcome.faults.map(({ key }) => key),
      [name],
    );
  }
  // 7 minutes are longer than the low interval of a minute.
  const above = applyDesired(before, legacy({ highPriorityMessageFrequency: 'PT7M' }));
  assert.equal(
    above.faults.map(({ key, where }) => [key, where]),
    [['CollectorsCore_PriorityIntervals', 'highPriorityMessageFrequency']],
  );
  for (const object of [
    5,
    [],
    'x',
    { highPriorityMessageFrequency: 'PT7M' },
    { eventPriorityHeartbeat: {} },
  ]) {
    assert.is(applyDesired(before, { [LEGACY_OBJECT]: object }).faults.length, 1, JSON.stringify(object));
  }
  assert.equal(applyDesired(before, { [LEGACY_OBJECT]: null }).faults, []);
});

test('the report says what is in force, in the words a twin would use', () => {
  const outcome = applyDesired(device({}, GATEWAY), {
    CollectorsCore_PriorityIntervals: 'PT1M,5m,1h',
    LocalAddresses: '10.0.0.5/24',
  });
  const report = reportedProperties(outcome);
  assert.equal(report.latest_invalid_fields, []);
  assert.equal(report.latest_invalid_reasons, []);
  assert.is(report.CollectorsCore_PriorityIntervals, '60s,300s,3600s');
  assert.equal(report.LocalAddresses, ['10.0.0.5/24']);
  assert.is(report.Spool_Path, null, 'takes back what was reported before');
  for (const key of KEY_NAMES) assert.is(key in report, key !== 'Connections', key);
  // Desired again, it changes nothing.
  const { latest_state, latest_version, latest_invalid_fields, latest_invalid_reasons, ...inForce } = report;
  assert.equal(
    applyDesired(device({}, GATEWAY), inForce).resolved.configuration,
    outcome.resolved.configuration,
  );
});

test('the report is within the limits of a twin, however much is wrong', () => {
  const addresses = Array.from(
    { length: 64 },
    (_, index) => `2001:db8:aaaa:bbbb:cccc:dddd:eeee:${(index + 4096).toString(16)}/128`,
  );
  const texts = KEY_NAMES.filter((key) => /^SystemInformation_(Os|Kernel|Net|Hard|Firm)/.test(key));
  const full = device(
    {
      LocalAddresses: [
        ...addresses,
        ...Array.from({ length: 64 }, (_, index) => `192.168.100.${index + 100}/24`),
      ],
      ...Object.fromEntries(texts.map((key) => [key, '語'.repeat(7)])),
      Spool_Path: '語'.repeat(1024),
    },
    GATEWAY,
  );
  const wrong = Object.fromEntries(
    Array.from({ length: 500 }, (_, index) => [`${'\u0001'.repeat(50)}語語語${index}`, '語'.repeat(3000)]),
  );
  const values = Object.fromEntries(KEY_NAMES.map((key) => [key, '\u0000'.repeat(5_000)]));
  for (const desired of [
    wrong,
    values,
    { ...wrong, ...Object.fromEntries(Object.entries(values).slice(0, 10)) },
  ]) {
    const report = reportedProperties(applyDesired(full, desired));
    checkReport(report);
    assert.ok((report.latest_invalid_fields as string[]).length > 5);
  }
});

test('patches merge as RFC 7396 says, and leave the document before alone', () => {
  const before = Object.freeze({
    Agent_RetryTime: 5,
    Heartbeat_Disabled: true,
    [LEGACY_OBJECT]: { a: { value: 1 }, b: 2 },
  });
  assert.equal(
    twinPatch(before, { Agent_RetryTime: null, [LEGACY_OBJECT]: { a: { value: 2 }, b: null }, $version: 2 }),
    {
      Heartbeat_Disabled: true,
      [LEGACY_OBJECT]: { a: { value: 2 } },
      $version: 2,
    },
  );
  const patched = twinPatch({}, JSON.parse('{"__proto__": {"polluted": 1}}'));
  assert.equal(Object.keys(patched as object), ['__proto__']);
  assert.is(({} as Record<string, unknown>).polluted, undefined);
  assert.is(twinPatch(before, 5), 5);
});

test(`3,000 desired-property documents apply whole or not at all, SEED=${SEED}`, () => {
  const { taken, refused } = checkDocuments(SEED, 3_000);
  assert.ok(taken > 500 && refused > 500, `${taken} taken, ${refused} refused`);
});

test.run();
