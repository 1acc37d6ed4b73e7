// Where settings come from: which source wins, where a value is said to be from, and documents as they should not be.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { configurationText } from '../host/configuration/configuration-text.ts';
import { coreChanges, coreConfiguration } from '../host/configuration/core-changes.ts';
import { optionsLayer } from '../host/configuration/core-options.ts';
import { commandLineLayer, environmentLayer, variableOf } from '../host/configuration/environment.ts';
import { KEY_NAMES, type Settings, SOURCES } from '../host/configuration/keys.ts';
import type { Layer } from '../host/configuration/layer.ts';
import {
  configurationError,
  resolveConfiguration,
  shownValue,
  withHost,
} from '../host/configuration/resolve.ts';
import { applyDesired } from '../host/configuration/twin.ts';
import { STANDARD } from './support/desired-documents.ts';

const ALL_FORMATS = { ...STANDARD, formats: ['3.0-protobuf', '2.3'] } as const;
const file = (values: unknown): Layer => ({ source: 'file', values });
const resolve = (layers: readonly Layer[], host: Settings = {}) =>
  resolveConfiguration(layers, { limits: STANDARD, host });
const faultsOf = (layer: Layer) =>
  resolve([layer]).faults.map(({ key, reason, where }) =>
    [key, reason, ...(where ? [where] : [])].join(': '),
  );

test('default < host < file < environment < command line < options < twin, in whatever order they are given', () => {
  const layers: Layer[] = SOURCES.filter((source) => source !== 'twin').map((source, index) => ({
    source,
    values: { SystemInformation_OsName: source, Agent_RetryTime: index + 10 },
  }));
  const host = { SystemInformation_OsName: 'host' };
  assert.is(resolve([], host).configuration.SystemInformation_OsName, 'host');
  for (let count = 1; count <= layers.length; count++) {
    const { configuration, origins } = resolve(layers.slice(0, count).reverse(), host);
    assert.is(configuration.SystemInformation_OsName, SOURCES[count - 1]);
    assert.equal(origins.SystemInformation_OsName, { source: SOURCES[count - 1] });
    assert.is(configuration.Agent_RetryTime, count + 9);
  }
  const { resolved } = applyDesired(resolve(layers, host), { SystemInformation_OsName: 'twin' });
  assert.is(resolved.configuration.SystemInformation_OsName, 'twin');
  assert.equal(resolved.origins.SystemInformation_OsName, { source: 'twin' });
  assert.equal(resolved.origins.Agent_RetryTime, { source: 'options' });
});

test('each value says where it is from, to the line', () => {
  const text = '{\n  // comment\n  "Agent_RetryTime": 5,\n  "Heartbeat_Disabled": true, /* and */\n}';
  const { origins, faults } = resolve(
    [
      configurationText(text, 'wardlet.jsonc'),
      environmentLayer({ WARDLET_HEARTBEAT_DISABLED: 'false', WARDLET_DATA: '/x', PATH: '/bin' }),
    ],
    { LocalAddresses: ['10.0.0.5/24'] },
  );
  assert.equal(faults, []);
  assert.equal(origins.Agent_RetryTime, { source: 'file', where: 'wardlet.jsonc:3:3' });
  assert.equal(origins.Heartbeat_Disabled, { source: 'environment', where: 'WARDLET_HEARTBEAT_DISABLED' });
  assert.equal(origins.LocalAddresses, { source: 'host' });
  assert.equal(origins.Connections, { source: 'default' });
});

test('every key has a variable of its own', () => {
  assert.is(variableOf('NetworkActivity_CacheSize'), 'WARDLET_NETWORK_ACTIVITY_CACHE_SIZE');
  assert.is(new Set(KEY_NAMES.map(variableOf)).size, KEY_NAMES.length);
  const variables = {
    WARDLET_NETWORK_ACTIVITY_CACHE_SIZE: '7',
    WARDLET_Heartbeat_Disabled: 'true',
    WARDLET_CONNECTION_STRING: 'HostName=h;DeviceId=d;SharedAccessKey=YQ==',
  };
  const { configuration, faults } = resolve([environmentLayer(variables)]);
  assert.equal(faults, []);
  assert.is(configuration.NetworkActivity_CacheSize, 7);
  assert.is(configuration.Heartbeat_Disabled, true);
  assert.is(configuration.Connections.length, 1);
});

test('a misspelt key is refused with the one that was meant', () => {
  assert.equal(faultsOf(file({ NetworkActivity_CacheSise: 5, heartbeat_disabled: true, Colour: 'red' })), [
    'NetworkActivity_CacheSise: is no key of this agent; did you mean NetworkActivity_CacheSize?',
    'heartbeat_disabled: is no key of this agent; did you mean Heartbeat_Disabled?',
    'Colour: is no key of this agent',
  ]);
  assert.equal(faultsOf(environmentLayer({ WARDLET_RETRY_TIME: '5', WARDLET_AGENT_RETRYTIME: '5' })), [
    'WARDLET_RETRY_TIME: is no variable of wardlet; did you mean WARDLET_AGENT_RETRY_TIME?',
    'WARDLET_AGENT_RETRYTIME: is no variable of wardlet; did you mean WARDLET_AGENT_RETRY_TIME?',
  ]);
  assert.equal(faultsOf(commandLineLayer(['Agent_RetryTim=5', 'Agent_RetryTime', '=5'])), [
    '(option): write Key=value',
    '(option): write Key=value',
    'Agent_RetryTim: is no key of this agent; did you mean Agent_RetryTime?',
  ]);
  assert.equal(faultsOf(environmentLayer({ WARDLET_AGENT_RETRY_TIME: '5', WARDLET_Agent_RetryTime: '6' })), [
    'WARDLET_Agent_RetryTime: says Agent_RetryTime a second time, beside WARDLET_AGENT_RETRY_TIME',
  ]);
});

test('a document with a fault counts for nothing, the others do; every fault is told at once', () => {
  const { configuration, faults } = resolve([
    file({ Agent_RetryTime: 0, Agent_PendingTime: 100, Heartbeat_Disabled: 'no' }),
    environmentLayer({ WARDLET_AGENT_PENDING_TIME: '200' }),
    commandLineLayer(['NetworkActivity_CacheSize=1000']),
  ]);
  assert.equal(
    faults.map(({ key, value, source, inForce }) => [key, value, source, inForce]),
    [
      ['Agent_RetryTime', '0', 'file', '3'],
      ['Heartbeat_Disabled', '"no"', 'file', 'false'],
      ['NetworkActivity_CacheSize', '"1000"', 'command line', '64'],
    ],
  );
  assert.is(configuration.Agent_PendingTime, 200);
  const error = configurationError(faults);
  assert.is(error.code, 'WL_BAD_CONFIGURATION');
  for (const { key } of faults) assert.ok(error.message.includes(key));
});

test('a rule between keys blames the last document that sets one of them', () => {
  const own = file({ Agent_MaxBatchDelay: 30 });
  const surroundings = { limits: ALL_FORMATS };
  assert.equal(resolveConfiguration([own], surroundings).faults, []);
  const strict = resolveConfiguration(
    [own, { source: 'options', values: { Agent_MessageFormat: '2.3' } }],
    surroundings,
  );
  assert.equal(
    strict.faults.map(({ key, source }) => [key, source]),
    [['Agent_MessageFormat', 'options']],
  );
  assert.is(strict.configuration.Agent_MessageFormat, '3.0-protobuf');
  // One that puts it right again is no fault.
  const mended = resolveConfiguration(
    [
      file({ Agent_MaxBatchDelay: 30, Agent_MessageFormat: '2.3' }),
      { source: 'options', values: { Agent_MaxBatchDelay: 0 } },
    ],
    surroundings,
  );
  assert.equal(mended.faults, []);
});

test('texts that are kept as one must fit together; what the host says of itself is cut', () => {
  const long = 'x'.repeat(100);
  const { faults } = resolve([
    file({ SystemInformation_HardwareVendor: long, SystemInformation_FirmwareVendor: long }),
  ]);
  assert.match(faults[0]?.reason ?? '', /201 UTF-8 bytes together, this build keeps 128/);
  const host = { SystemInformation_OsName: long, SystemInformation_OsVersion: 'ß'.repeat(50) };
  const resolved = resolve([file({ SystemInformation_OsName: 'y'.repeat(100) })], host);
  assert.equal(resolved.faults, []);
  assert.is(
    coreConfiguration(resolved.configuration, STANDARD).operatingSystem,
    `${'y'.repeat(100)} ${'ß'.repeat(13)}`,
    'whole characters, 127 bytes',
  );
});

test('what a host cannot say properly of itself is left out', () => {
  const host = { SystemInformation_OsName: 5, LocalAddresses: ['fe80::1%eth0'], Agent_RetryTime: -1 };
  assert.equal(resolve([], host).configuration, resolve([]).configuration);
});

test('a machine with more addresses than the build holds keeps the first ones, and may get others later', () => {
  const many = Array.from({ length: 40 }, (_, index) => [
    `10.0.0.${index}/24`,
    `fe80::${index + 1}/64`,
  ]).flat();
  const resolved = resolve([file({ Agent_RetryTime: 5 })], {
    LocalAddresses: many,
    SystemInformation_Kernel: 'x'.repeat(500),
  });
  assert.is(resolved.configuration.LocalAddresses.length, 16);
  assert.is(resolved.configuration.LocalAddresses[0], '10.0.0.0/24');
  assert.is(resolved.configuration.SystemInformation_Kernel, 'x'.repeat(128));
  const moved = withHost(resolved, { LocalAddresses: ['192.0.2.1'] });
  assert.equal(moved.configuration.LocalAddresses, ['192.0.2.1']);
  assert.is(moved.configuration.Agent_RetryTime, 5);
});

test('a file that is no JSON with comments says where', () => {
  for (const [text, fault] of [
    ['', 'Unexpected end of input found.: f:1:1'],
    ['{\n "Agent_RetryTime" 5 }', 'Unexpected token Number found.: f:2:20'],
    ["{'a': 1}", "Unexpected character ''' found.: f:1:2"],
    ['{"a": 1} x', "Unexpected character 'x' found.: f:1:10"],
    ['{"a": NaN}', "Unexpected character 'N' found.: f:1:7"],
  ] as const) {
    assert.equal(faultsOf(configurationText(text, 'f')), [`(document): cannot be read: ${fault}`]);
  }
  assert.equal(faultsOf(configurationText('\n[1]', 'f')), ['(document): is no object: begin with {: f:2:1']);
  assert.equal(faultsOf(configurationText('{"Agent_RetryTime": 5, "Agent_RetryTime": 6}', 'f')), [
    'Agent_RetryTime: stands here a second time, after f:1:2: f:1:24',
  ]);
  const marked = resolve([configurationText('\uFEFF{ "Agent_RetryTime": 5 }', 'f')]);
  assert.is(marked.configuration.Agent_RetryTime, 5);
});

test('huge and deep documents are refused, not read', () => {
  for (const text of [
    '['.repeat(1e6),
    `{"a":${'['.repeat(50)}${']'.repeat(50)}}`,
    ' '.repeat(1e7),
    '{"a":'.repeat(1e5),
  ]) {
    assert.match(
      faultsOf(configurationText(text, 'f'))[0] ?? '',
      /^\(document\): (is nested|is longer|cannot)/,
    );
  }
  const many = Object.fromEntries(Array.from({ length: 1e5 }, (_, index) => [`key${index}`, index]));
  assert.equal(faultsOf(file(many)), ['(document): has 100000 names; at most 512 are read']);
  const long = resolve([file({ ['x'.repeat(1e6)]: 1, Agent_RetryTime: 'y'.repeat(1e6) })]).faults;
  assert.ok(JSON.stringify(long).length < 1_000);
});

test('no document reaches a prototype', () => {
  const text = '{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}, "toString": 1}';
  for (const layer of [configurationText(text, 'f'), file(JSON.parse(text))]) {
    assert.equal(
      resolve([layer]).faults.map(({ key }) => key),
      ['__proto__', 'constructor', 'toString'],
    );
  }
  const inside = JSON.parse('[{"__proto__": {"key": "YQ=="}, "host": "h", "id": "d"}]') as unknown;
  assert.is(resolve([file({ Connections: inside })]).faults.length, 1);
  assert.equal(
    resolve([commandLineLayer(['__proto__=1', 'Agent_RetryTime=5'])]).faults.map(({ key }) => key),
    ['__proto__'],
  );
  assert.is(({} as Record<string, unknown>).polluted, undefined);
  for (const values of [null, undefined, 5, 'text', [], () => {}]) {
    assert.equal(faultsOf(file(values)), ['(document): give an object of keys and values']);
  }
});

test('secrets are shown nowhere, right or wrong', () => {
  const secret = 'c2VjcmV0c2VjcmV0';
  const good = resolve([file({ Connections: [{ host: 'h', id: 'd', key: secret }] })]);
  assert.is(shownValue(good.configuration, 'Connections'), 'set (1)');
  assert.is(shownValue(resolve([]).configuration, 'Connections'), 'not set');
  for (const layer of [
    file({ Connections: [{ host: 'h', id: 'd', key: `${secret}!` }] }),
    file({ Connections: { [secret]: secret } }),
    file({ Connections: [{ host: 'h', id: 'd', [secret]: secret }] }),
    file({ Connections: `[{"key":"${secret}"` }),
    file({ Conections: secret }),
    commandLineLayer([`Connections=HostName=h;DeviceId=d;SharedAccessKey=${secret}`]),
    commandLineLayer([secret]),
    environmentLayer({ WARDLET_CONNECTIONS: `[${secret}` }),
  ]) {
    const { faults } = resolve([layer]);
    assert.is(faults.length, 1);
    assert.not.ok(JSON.stringify([faults, configurationError(faults).message]).includes(secret));
  }
  assert.match(
    resolve([commandLineLayer(['Connections=x'])]).faults[0]?.reason ?? '',
    /taken from file, environment, options only/,
  );
});

test("a core's own options are settings like any other", () => {
  const layer = optionsLayer(
    {
      intervalSeconds: { high: 1, medium: 2, low: 3 },
      collectors: { Heartbeat: { enabled: false, group: 'Medium' } },
      cacheSize: 5,
      protocols: ['UDP'],
      unicastOnly: false,
      localAddresses: ['10.0.0.5/24'],
      operatingSystem: 'ThreadX 6.4',
      hardware: 'Acme',
      firstCollectionSeconds: 0,
    },
    { NetworkActivity_CacheSize: 6 },
  );
  const resolved = resolve([layer], {
    SystemInformation_OsName: 'Debian',
    SystemInformation_OsVersion: '12',
  });
  assert.equal(resolved.faults, []);
  const { core } = coreChanges(undefined, resolved);
  assert.equal(core.intervalSeconds, { high: 1, medium: 2, low: 3 });
  assert.equal(core.collectors?.Heartbeat, { enabled: false, group: 'Medium' });
  assert.equal(core.collectors?.NetworkActivity, { enabled: true, group: 'High' });
  assert.is(core.cacheSize, 6);
  assert.is(core.operatingSystem, 'ThreadX 6.4');
  assert.is(core.firstCollectionSeconds, 0);
  assert.equal(
    resolve([optionsLayer({ cacheSize: 0 })]).faults.map(({ key }) => key),
    ['NetworkActivity_CacheSize'],
  );
});

test('a change names what is for the core and what for the host, and no more', () => {
  const before = resolve([]);
  assert.equal(coreChanges(before, resolve([file({ Agent_RetryTime: 3, Heartbeat_Disabled: false })])), {
    core: {},
    host: [],
  });
  assert.equal(coreChanges(before, resolve([file({ Agent_RetryTime: 5, Agent_PendingTime: 5 })])), {
    core: { pendingSeconds: 5 },
    host: ['Agent_RetryTime'],
  });
  assert.equal(coreChanges(before, resolve([file({ Spool_Path: 'spool' })])), {
    core: { spool: true },
    host: ['Spool_Path'],
  });
  const connected = resolve([file({ Connections: 'HostName=h;DeviceId=d;SharedAccessKey=YQ==' })]);
  assert.equal(coreChanges(before, connected), { core: {}, host: ['Connections'] });
  assert.is(Object.keys(coreChanges(undefined, before).core).length, 17, 'all of it at the start');
});

test('what is in force cannot be written to', () => {
  const { configuration, origins } = resolve([file({ LocalAddresses: ['10.0.0.5'], Connections: 'x' })]);
  for (const value of [
    configuration,
    origins,
    ...Object.values(configuration),
    configuration.Connections[0],
  ]) {
    assert.ok(Object.isFrozen(value));
  }
});

test('an empty connection string in the environment is none; the end of a line at its end does not count', () => {
  for (const text of ['', ' \n']) {
    assert.equal(environmentLayer({ WARDLET_CONNECTION_STRING: text }).values, {});
  }
  const { values } = environmentLayer({ WARDLET_CONNECTION_STRING: 'HostName=h\n' });
  assert.equal(values, { Connections: 'HostName=h' });
});

test.run();
