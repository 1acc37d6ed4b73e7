// What a connection to a hub is made of, as text and numbers: connection strings, tokens, topics, waits.

import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { WardletError } from '../bindings/js/errors.ts';
import { BackOff } from '../host/transport/back-off.ts';
import { type ConnectionString, parseConnectionString } from '../host/transport/connection-string.ts';
import { clientId, resource, userName } from '../host/transport/device-identity.ts';
import { DeviceKey } from '../host/transport/device-key.ts';
import { hubFailure, lostConnection } from '../host/transport/hub-failure.ts';
import { sasToken } from '../host/transport/sas-token.ts';
import { securityTopic } from '../host/transport/security-topic.ts';
import { SeededRandom } from './support/seeded-random.ts';

const KEY = 'c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlYw==';
const BARE_KEY = KEY.replace(/=+$/, '');

function refusal(text: string): WardletError {
  try {
    parseConnectionString(text);
  } catch (error) {
    if (error instanceof WardletError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

test('a connection string: parts in any order, a key with =, a gateway, a module', () => {
  const shown = ({ key: _, ...rest }: ConnectionString) => rest;
  assert.equal(shown(parseConnectionString(`HostName=h.example;DeviceId=d;SharedAccessKey=${KEY}`)), {
    hostName: 'h.example',
    deviceId: 'd',
    host: 'h.example',
    port: 8883,
  });
  const gateway = `SharedAccessKey=${KEY};GatewayHostName=edge:18883;ModuleId=m;DeviceId=a.b-c_d:e@f;HostName=10.0.0.1`;
  for (const text of [
    gateway,
    ` ${gateway};\n`,
    gateway.replaceAll('=', ' = ').replace(/=(?= ?;| = ;)/, '='),
  ]) {
    assert.equal(shown(parseConnectionString(text.replaceAll(' = ', '='))), {
      hostName: '10.0.0.1',
      deviceId: 'a.b-c_d:e@f',
      moduleId: 'm',
      host: 'edge',
      port: 18_883,
    });
  }
  assert.is(parseConnectionString(`${gateway.replace(':18883', '')}`).port, 8883);
});

test('a connection string that is wrong names the part, says what to do, and holds no value', () => {
  const good = { HostName: 'h.example', DeviceId: 'secretive', SharedAccessKey: KEY };
  const text = (parts: Readonly<Record<string, string>>) =>
    Object.entries(parts)
      .map(([name, value]) => `${name}=${value}`)
      .join(';');
  const { HostName, DeviceId, SharedAccessKey } = good;
  const cases: ReadonlyArray<readonly [string, RegExp, RegExp?]> = [
    ['', /empty/],
    ['   ', /empty/],
    [KEY, /unknown part 1/],
    [BARE_KEY, /no = in its part 1/],
    ['HostName', /no = in its part 1/],
    [text({ DeviceId, SharedAccessKey }), /no HostName/],
    [text({ HostName, SharedAccessKey }), /no DeviceId/],
    [text({ HostName, DeviceId }), /no SharedAccessKey/],
    [text({ ...good, HostName: '' }), /empty HostName/],
    [text({ ...good, HostName: 'https://h.example' }), /HostName/],
    [text({ ...good, HostName: 'h.example:8883' }), /HostName/, /port/],
    [text({ ...good, HostName: 'h .example' }), /HostName/],
    [text({ ...good, DeviceId: 'a/b' }), /DeviceId/],
    [text({ ...good, DeviceId: 'a#' }), /DeviceId/],
    [text({ ...good, DeviceId: 'a+' }), /DeviceId/],
    [text({ ...good, DeviceId: 'ä' }), /DeviceId/],
    [text({ ...good, DeviceId: 'x'.repeat(129) }), /DeviceId/],
    [text({ ...good, ModuleId: 'a/b' }), /ModuleId/],
    [text({ ...good, GatewayHostName: 'edge:0' }), /GatewayHostName/],
    [text({ ...good, GatewayHostName: 'edge:99999' }), /GatewayHostName/],
    [text({ ...good, GatewayHostName: 'a:b:1' }), /GatewayHostName/],
    [text({ ...good, SharedAccessKey: BARE_KEY }), /SharedAccessKey.*base64/, /=/],
    [text({ ...good, SharedAccessKey: `${KEY} x` }), /SharedAccessKey.*base64/],
    [text({ ...good, hostname: 'x' }), /unknown part hostname/, /write HostName/],
    [text({ ...good, Colour: 'red' }), /unknown part Colour/, /HostName, DeviceId/],
    [`${text(good)};HostName=b`, /HostName twice/],
    [
      text({ HostName, SharedAccessKeyName: 'iothubowner', SharedAccessKey }),
      /SharedAccessKeyName/,
      /DeviceId/,
    ],
    [text({ ...good, SharedAccessSignature: 'sr=x' }), /SharedAccessSignature/],
    [text({ HostName, DeviceId, x509: 'maybe' }), /x509/],
    [text({ ...good, x509: 'true' }), /both x509=true and a SharedAccessKey/],
    [
      `HostName=h;DeviceId=d;SharedAccessKey=${KEY}`.replace(';SharedAccessKey', 'SharedAccessKey'),
      /no SharedAccess/,
    ],
    [`HostName=h;${KEY};DeviceId=d`, /unknown part 2/],
  ];
  for (const [given, message, hint] of cases) {
    const error = refusal(given);
    assert.is(error.code, 'WL_BAD_CONNECTION_STRING', given);
    assert.match(error.message, message);
    if (hint) assert.match(error.hint, hint);
    const said = inspect(error, { depth: 9, showHidden: true });
    for (const value of [BARE_KEY, 'secretive', 'h.example', 'iothubowner']) {
      assert.not.ok(said.includes(value), `${given}: ${error.message} holds ${value}`);
    }
  }
});

test('a key shows itself nowhere', () => {
  const connection = parseConnectionString(`HostName=h;DeviceId=d;SharedAccessKey=${KEY}`);
  const said = [
    inspect(connection, { depth: 9, showHidden: true }),
    JSON.stringify(connection),
    String(connection.key),
    inspect(connection.key, { showHidden: true, customInspect: false }),
  ].join();
  assert.not.ok(said.includes(BARE_KEY));
  assert.not.ok(said.includes(Buffer.from(KEY, 'base64').toString('latin1')));
});

test('a token is signed as IoT Hub checks it, and encoded as its SDK does', async () => {
  for (const id of ['d', "a!'()*b", 'ü'.normalize(), 'a b/c']) {
    const identity = { hostName: 'h.example', deviceId: id, host: 'h', port: 1 };
    const token = await sasToken(resource(identity), new DeviceKey(KEY), 1_700_000_000.9);
    const fields = new Map(
      token
        .slice('SharedAccessSignature '.length)
        .split('&')
        .map((field) => field.split('=') as [string, string]),
    );
    const sr = fields.get('sr') ?? '';
    assert.not.match(sr, /[!'()*/ ]/);
    assert.is(decodeURIComponent(sr), `h.example/devices/${id}`);
    assert.is(fields.get('se'), '1700000000');
    const expected = createHmac('sha256', Buffer.from(KEY, 'base64'))
      .update(`${sr}\n1700000000`)
      .digest('base64');
    assert.is(decodeURIComponent(fields.get('sig') ?? ''), expected);
    assert.is(fields.get('skn'), undefined);
  }
  assert.match(await sasToken('x', new DeviceKey(KEY), 1, 'registration'), /&se=1&skn=registration$/);
});

test('ids, user names and resources of devices and modules', () => {
  const device = { hostName: 'h.example', deviceId: 'd', host: 'edge', port: 1 };
  assert.is(clientId(device), 'd');
  assert.is(userName(device), 'h.example/d/?api-version=2021-04-12');
  assert.is(resource(device), 'h.example/devices/d');
  const module = { ...device, moduleId: 'm' };
  assert.is(clientId(module), 'd/m');
  assert.is(userName(module), 'h.example/d/m/?api-version=2021-04-12');
  assert.is(resource(module), 'h.example/devices/d/modules/m');
});

test('the topic of a security message, byte for byte', () => {
  const device = { hostName: 'h', deviceId: 'd', host: 'h', port: 1 };
  const message = { bootId: '00000000-0000-4000-8000-000000000001', sequence: 12, format: '2.3' } as const;
  assert.is(
    securityTopic(device, message),
    'devices/d/messages/events/mti=2.3-1-1-0&%24.ifid=urn%3Aazureiot%3ASecurity%3ASecurityAgent%3A1' +
      '&wl-boot=00000000-0000-4000-8000-000000000001&wl-seq=12',
  );
  assert.is(
    securityTopic({ ...device, moduleId: 'm' }, { ...message, format: '3.0-protobuf' }),
    'devices/d/modules/m/messages/events/mti=3.0-2-1-0&%24.ifid=urn%3Aazureiot%3ASecurity%3ASecurityAgent%3A1',
  );
});

test('waits double up to a cap, spread evenly below it, and begin anew after success', () => {
  const random = new SeededRandom(1);
  const waits = Array.from({ length: 14 }, () => [] as number[]);
  for (let device = 0; device < 2_000; device++) {
    const backOff = new BackOff({ baseMs: 3_000, capMs: 300_000, random: () => random.u32() / 2 ** 32 });
    for (const list of waits) list.push(backOff.next());
    backOff.reset();
    assert.ok(backOff.next() <= 3_000);
  }
  waits.forEach((list, failures) => {
    const limit = Math.min(300_000, 3_000 * 2 ** failures);
    assert.ok(Math.min(...list) >= 100 && Math.max(...list) <= limit);
    const mean = list.reduce((sum, wait) => sum + wait, 0) / list.length;
    assert.ok(Math.abs(mean - limit / 2) < limit * 0.05, `after ${failures} failures ${mean} of ${limit} ms`);
    // Full jitter: a tenth of the fleet in each tenth of the time.
    for (let tenth = 0; tenth < 10; tenth++) {
      const share = list.filter((wait) => Math.floor((10 * wait) / limit) === tenth).length / list.length;
      assert.ok(Math.abs(share - 0.1) < 0.04, `after ${failures} failures ${share} in tenth ${tenth}`);
    }
  });
  const backOff = new BackOff({ baseMs: 3_000, capMs: 300_000, random: () => 0.999_999 });
  for (let failures = 0; failures < 5_000; failures++) assert.ok(backOff.next() <= 300_000);
});

test('every failure has its code, names the place, and says what to do', () => {
  const attempt = {
    identity: { hostName: 'h.example', deviceId: 'd', host: 'edge', port: 8883 },
    nowMs: Date.UTC(2031, 1, 2),
  };
  const cases: ReadonlyArray<readonly [unknown, string, RegExp]> = [
    [{ code: 'ECONNREFUSED' }, 'WL_UNREACHABLE', /edge:8883/],
    [{ code: 'ENOTFOUND' }, 'WL_UNREACHABLE', /no such host/],
    [{ code: 'EAI_AGAIN' }, 'WL_UNREACHABLE', /looked up/],
    [{ code: 'ETIMEDOUT' }, 'WL_UNREACHABLE', /does not answer/],
    [{ code: 'EWHATEVER' }, 'WL_UNREACHABLE', /EWHATEVER/],
    [{ code: 'EPROTO' }, 'WL_UNREACHABLE', /TLS 1\.2/],
    [{ code: 'ERR_SSL_WRONG_VERSION_NUMBER' }, 'WL_UNREACHABLE', /TLS 1\.2/],
    [new Error('connack timeout'), 'WL_UNREACHABLE', /does not answer/],
    [undefined, 'WL_UNREACHABLE', /closes/],
    [{ code: 'SELF_SIGNED_CERT_IN_CHAIN' }, 'WL_UNTRUSTED_HUB', /no authority/],
    [{ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' }, 'WL_UNTRUSTED_HUB', /no authority/],
    [{ code: 'CERT_HAS_EXPIRED' }, 'WL_UNTRUSTED_HUB', /expired.*2031-02-02T00:00/],
    [{ code: 'CERT_NOT_YET_VALID' }, 'WL_UNTRUSTED_HUB', /not valid yet.*2031-02-02T00:00/],
    [{ code: 'ERR_TLS_CERT_ALTNAME_INVALID' }, 'WL_WRONG_HOST', /edge/],
    [{ code: 1 }, 'WL_REFUSED', /3\.1\.1/],
    [{ code: 2 }, 'WL_REFUSED', /device id/],
    [{ code: 3 }, 'WL_REFUSED', /not available/],
    [{ code: 4 }, 'WL_REFUSED', /not authorised/],
    [{ code: 5 }, 'WL_REFUSED', /not authorised/],
  ];
  for (const [error, code, message] of cases) {
    const failure = hubFailure(error, attempt);
    assert.is(failure.code, code, failure.message);
    assert.match(failure.message, message);
    assert.ok(failure.hint.length > 10);
  }
  const { hint } = hubFailure({ code: 5 }, attempt);
  for (const cause of [/key/, /device id/, /host name/, /clock, which reads 2031-02-02T00:00:00/])
    assert.match(hint, cause);
  assert.is(hubFailure({ code: 5 }, { ...attempt, nowMs: Number.POSITIVE_INFINITY }).code, 'WL_REFUSED');
  assert.is(lostConnection({ code: 'ECONNRESET', message: '' }, attempt).code, 'WL_DISCONNECTED');
});

test.run();
