// The hub's pure parts: property bags, topics, framing, ids, keys, limits.

import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MESSAGE_REJECTIONS, METHOD_OUTCOMES } from '../service/hub/device-happenings.ts';
import { isDeviceId } from '../service/hub/device-id.ts';
import { checkKey, newKey } from '../service/hub/device-key.ts';
import { hostNamesOf } from '../service/hub/host-names.ts';
import { REFUSALS, TERMINATIONS } from '../service/hub/hub-events.ts';
import { resolveHubOptions } from '../service/hub/hub-options.ts';
import { LIMITS } from '../service/hub/limits.ts';
import { PacketFraming } from '../service/hub/packet-framing.ts';
import { parsePropertyBag, propertyBytes } from '../service/hub/property-bag.ts';
import { judgePublish } from '../service/hub/publish.ts';
import { grantSubscriptions } from '../service/hub/subscribe.ts';
import { parseFilter, parsePublishTopic, type Subscription } from '../service/hub/topics.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';
import { codeOf } from './support/thrown-error.ts';

const BAGS: ReadonlyArray<readonly [string, Record<string, string | null> | undefined]> = [
  ['', {}],
  ['mti=2.3-1-0-0', { mti: '2.3-1-0-0' }],
  [
    '%24.ifid=urn%3Aazureiot%3ASecurity%3ASecurityAgent%3A1&mti=3.0-2-1-0',
    { '$.ifid': 'urn:azureiot:Security:SecurityAgent:1', mti: '3.0-2-1-0' },
  ],
  ['$.mid=1&$.ct=a%2Fb', { '$.mid': '1', '$.ct': 'a/b' }],
  ['a+b=c+d', { 'a+b': 'c+d' }],
  ['flag', { flag: null }],
  ['empty=', { empty: '' }],
  ['a=b=c', { a: 'b=c' }],
  ['a=1&a=2', { a: '2' }],
  ['gr%C3%BC%C3%9Fe=%E2%82%AC', { grüße: '€' }],
  ['a=x/y', { a: 'x/y' }],
  ['=v', undefined],
  ['&', undefined],
  ['a=1&', undefined],
  ['a=%', undefined],
  ['a=%zz', undefined],
  ['%E2%82=1', undefined],
];

test('property bags', () => {
  for (const [bag, expected] of BAGS) assert.equal(parsePropertyBag(bag), expected, bag);
});

test('a key called __proto__ is a key like any other', () => {
  const properties = parsePropertyBag('__proto__=x&constructor=y') ?? {};
  assert.equal(Object.entries(properties), [
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ]);
  assert.is(({} as Record<string, unknown>).x, undefined);
});

test('properties count into the size of a message, decoded', () => {
  assert.is(propertyBytes({ ab: 'cde', '€': null, f: '' }), 5 + 3 + 1);
  const request = { topic: 'devices/d/messages/events/k=vv', qos: 1, retain: false };
  const judge = (bytes: number) =>
    judgePublish({ ...request, payload: new Uint8Array(bytes) }, { deviceId: 'd' }, 1000).kind;
  assert.is(judge(997), 'store');
  assert.is(judge(998), 'terminate');
});

const TOPICS: ReadonlyArray<readonly [string, string, string?]> = [
  ['devices/d/messages/events', 'telemetry', ''],
  ['devices/d/messages/events/', 'telemetry', ''],
  ['devices/d/messages/events/a=b', 'telemetry', 'a=b'],
  ['devices/d/messages/eventsX', 'unknown'],
  ['devices/e/messages/events/', 'foreign'],
  ['devices/D/messages/events/', 'foreign'],
  ['devices/d/modules/m/messages/events/', 'foreign'],
  ['devices/../d/messages/events/', 'unknown'],
  ['/devices/d/messages/events/', 'unknown'],
  ['devices/d/messages/devicebound/', 'unknown'],
  ['$iothub/twin/GET/', 'unknown'],
  ['$iothub/twin/GET/?', 'unknown'],
  ['$iothub/twin/GET/?$rid=', 'unknown'],
  ['$iothub/methods/res/ok/?$rid=1', 'unknown'],
  ['$iothub/methods/res/?$rid=1', 'unknown'],
  ['$iothub/twin/res/200/?$rid=1', 'unknown'],
  ['', 'unknown'],
  ['#', 'unknown'],
];

test('topics a device publishes to', () => {
  for (const [topic, kind, bag] of TOPICS) {
    const expected = bag === undefined ? { kind } : { kind, bag };
    assert.equal(parsePublishTopic(topic, { deviceId: 'd' }), expected, topic);
  }
  assert.equal(parsePublishTopic('devices/d/modules/m/messages/events/x', { deviceId: 'd', moduleId: 'm' }), {
    kind: 'telemetry',
    bag: 'x',
  });
});

test('topics a device asks and answers on', () => {
  const parsed = (topic: string) => parsePublishTopic(topic, { deviceId: 'd' });
  assert.equal(parsed('$iothub/twin/GET/?$rid=1'), { kind: 'twin_read', rid: '1' });
  assert.equal(parsed('$iothub/twin/GET/?a=b&$rid=x%20y&c'), { kind: 'twin_read', rid: 'x%20y' });
  assert.equal(parsed('$iothub/twin/PATCH/properties/reported/?$rid=1&$version=4'), {
    kind: 'twin_report',
    rid: '1',
  });
  assert.equal(parsed('$iothub/methods/res/-1/?$rid=a'), { kind: 'method_response', rid: 'a', status: -1 });
});

test('filters: the documented ones, of the device itself, five at most', () => {
  const filters: ReadonlyArray<readonly [string, Subscription | undefined]> = [
    ['devices/d/messages/devicebound/#', 'devicebound'],
    ['$iothub/twin/res/#', 'twin_responses'],
    ['$iothub/twin/PATCH/properties/desired/#', 'desired_properties'],
    ['$iothub/methods/POST/#', 'methods'],
    ['devices/e/messages/devicebound/#', undefined],
    ['devices/+/messages/devicebound/#', undefined],
    ['#', undefined],
    ['$iothub/#', undefined],
    ['devices/d/messages/events/#', undefined],
  ];
  for (const [filter, expected] of filters)
    assert.is(parseFilter(filter, { deviceId: 'd' }), expected, filter);

  const subscriptions = new Map<Subscription, number>();
  const requests = filters.map(([topic], index) => ({ topic, qos: index % 3 }));
  assert.equal(
    grantSubscriptions(requests, { deviceId: 'd' }, subscriptions, 3),
    [0, 1, 1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80],
  );
  // One that is there already takes no room.
  assert.equal(grantSubscriptions(requests.slice(0, 1), { deviceId: 'd' }, subscriptions, 3), [0]);
});

test('ids as IoT Hub takes them', () => {
  for (const id of ['a', "A9-:.+%_#*?!(),=@$'", 'x'.repeat(128)]) assert.ok(isDeviceId(id), id);
  for (const id of ['', 'x'.repeat(129), 'a/b', '../a', 'a b', 'a\n', 'a\0', 'ä', 'a&b', 'a;b', 'a"']) {
    assert.not.ok(isDeviceId(id), JSON.stringify(id));
  }
});

test('keys: 16 to 64 bytes of base64', () => {
  const code = (key: string) => codeOf(() => checkKey(key));
  assert.is(Buffer.from(newKey(), 'base64').length, 32);
  for (const bytes of [16, 32, 64]) assert.is(code(Buffer.alloc(bytes, 1).toString('base64')), undefined);
  for (const key of [
    Buffer.alloc(15).toString('base64'),
    Buffer.alloc(65).toString('base64'),
    '',
    'secret!',
    `${newKey()} `,
  ]) {
    assert.is(code(key), 'WL_BAD_KEY', key);
  }
});

test('host names: what was given, then what every machine has', () => {
  const names = hostNamesOf(['Hub.Example.com', '192.0.2.7']);
  assert.equal(names.slice(0, 5), ['hub.example.com', '192.0.2.7', 'localhost', '127.0.0.1', '::1']);
  for (const name of ['', 'a b', 'host:8883', 'https://hub', '*.example.com', '-a']) {
    assert.is(
      codeOf(() => hostNamesOf([name])),
      'WL_BAD_OPTION',
      name,
    );
  }
});

test('options: a typing error, a port and a limit that are none', () => {
  const wrong: ReadonlyArray<Record<string, unknown>> = [
    { dataFolder: '' },
    { prot: 1 },
    { port: -1 },
    { port: 65_536 },
    { durability: 'never' },
    { limits: { maxConnections: 0 } },
    { limits: { maxConections: 1 } },
  ];
  for (const options of wrong) {
    assert.is(
      codeOf(() => resolveHubOptions({ dataFolder: 'x', ...options })),
      'WL_BAD_OPTION',
      JSON.stringify(options),
    );
  }
});

test('framing: a length is judged before anything is kept', () => {
  const framing = new PacketFraming(10, 1000);
  assert.equal(framing.push(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f])), { fault: 'too_large' });
  assert.equal(new PacketFraming(10, 1000).push(Buffer.from([0x10, 0x80, 0x80, 0x80, 0x80])), {
    fault: 'malformed',
  });
  // The first packet has its own bound.
  assert.equal(new PacketFraming(10, 1000).push(Buffer.from([0x10, 9])), { fault: 'too_large' });
  const large = new PacketFraming(10, 1000);
  assert.equal(large.push(Buffer.from([0xc0, 0, 0x30, 20])), { packets: Buffer.from([0xc0, 0]) });
  assert.equal(large.push(Buffer.alloc(20)), { packets: Buffer.from([0x30, 20, ...Buffer.alloc(20)]) });
});

const seed = seedOfRun();
test(`framing: cut anywhere, the same packets come out, SEED=${seed}`, () => {
  const random = new SeededRandom(seed);
  const sizes = Array.from({ length: 200 }, () => random.pick([0, 1, 5, 127, 128, 300, 20_000]));
  const stream = Buffer.concat(
    sizes.map((size) => {
      const length =
        size < 128
          ? [size]
          : size < 16_384
            ? [(size & 127) | 128, size >> 7]
            : [(size & 127) | 128, ((size >> 7) & 127) | 128, size >> 14];
      return Buffer.concat([Buffer.from([0x30, ...length]), Buffer.from(random.bytes(size))]);
    }),
  );
  const framing = new PacketFraming(30_000, 30_000);
  const out: Buffer[] = [];
  for (let offset = 0; offset < stream.length; ) {
    const end = offset + random.pick([1, 2, 3, 100, 5_000, 60_000]);
    const framed = framing.push(stream.subarray(offset, end));
    if ('fault' in framed) throw new Error(framed.fault);
    if (framed.packets) out.push(Buffer.from(framed.packets));
    offset = end;
  }
  assert.ok(Buffer.concat(out).equals(stream));
});

test('docs/hub.md has every reason and limit, in the words of the code', () => {
  const text = readFileSync(new URL('../docs/hub.md', import.meta.url), 'utf8');
  const section = (from: string, to: string) => text.slice(text.indexOf(from), text.indexOf(to));
  const refused = [
    ...section('## When a device', '## When the hub').matchAll(/^\| `(\w+)` \| (\d) \| (.*?) \|/gm),
  ];
  assert.equal(
    refused.map(([, reason, code, meaning]) => [reason, Number(code), meaning]),
    Object.entries(REFUSALS).map(([reason, { returnCode, meaning }]) => [reason, returnCode, meaning]),
  );
  const terminated = [...section('## When the hub', '## Limits').matchAll(/^\| `(\w+)` \| (.*) \|$/gm)];
  assert.equal(
    terminated.map(([, reason, meaning]) => [reason, meaning]),
    Object.entries(TERMINATIONS),
  );
  const table = (from: string, to: string) =>
    Object.fromEntries(
      [...section(from, to).matchAll(/^\| `(\w+)` \| (.*) \|$/gm)].map(([, name, meaning]) => [
        name,
        meaning,
      ]),
    );
  assert.equal(table('## Direct methods', '## Messages for'), METHOD_OUTCOMES);
  assert.equal(table('## Messages for', '## Files'), MESSAGE_REJECTIONS);
  const limits = [...section('## Limits', '## Not there').matchAll(/^\| `(\w+)` \|/gm)];
  assert.equal(
    limits.map(([, name]) => name),
    Object.keys(LIMITS),
  );
});

test.run();
