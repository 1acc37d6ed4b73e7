// The OpenAPI document of the hub's REST side: every operation is asked, and answers what the document says.

import { request } from 'node:https';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Hub, startHub } from '../service/hub/hub.ts';
import { openRegistry } from '../service/hub/registry.ts';
import type { Schema } from '../service/rest/schemas.ts';
import { restToken } from '../service/rest/token.ts';
import { Authority } from './support/certificates.ts';
import { HubDevice } from './support/hub-device.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const test = suite('hub: the REST document');
const folder = temporaryFolder();
let hub: Hub;

test.before(async () => {
  hub = await startHub({ dataFolder: folder, port: 0, restPort: 0, durability: 'written' });
});
test.after(() => hub.close());

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

function ask(method: string, path: string, body?: unknown): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${restToken(folder)}` };
    const port = hub.restPort ?? 0;
    const asked = request(
      { method, path, port, host: 'localhost', ca: hub.caCertificate, headers },
      (answer) => {
        const pieces: Buffer[] = [];
        answer.on('data', (piece: Buffer) => pieces.push(piece));
        answer.on('end', () => {
          const text = Buffer.concat(pieces).toString();
          resolve({ status: answer.statusCode ?? 0, body: text === '' ? undefined : JSON.parse(text) });
        });
      },
    );
    asked.on('error', reject);
    asked.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
  });
}

async function answerMethod(device: HubDevice): Promise<void> {
  const { topic } = await device.next();
  const rid = topic.slice(topic.indexOf('$rid=') + 5);
  device.publish(`$iothub/methods/res/200/?$rid=${rid}`, '{"done":true}');
}

interface Operation {
  readonly summary?: string;
  readonly parameters: ReadonlyArray<{ name: string; in: string; required: boolean }>;
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema: Schema }>> };
  readonly responses: Readonly<
    Record<string, { description: string; content?: Readonly<Record<string, { schema: Schema }>> }>
  >;
}

interface Document {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** The first thing that is not as the schema has it. */
function fault(document: Document, schema: Schema, value: unknown, at: string): string | undefined {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.replace('#/components/schemas/', '');
    const found = document.components.schemas[name];
    return found ? fault(document, found, value, at) : `${at}: no schema ${schema.$ref}`;
  }
  const kind = Array.isArray(value) ? 'array' : Number.isInteger(value) ? 'integer' : typeof value;
  if (schema.type !== undefined && schema.type !== kind) return `${at}: ${kind}, not ${schema.type}`;
  if (schema.enum && !schema.enum.includes(String(value))) return `${at}: ${String(value)}`;
  if (schema.items && Array.isArray(value)) {
    return value
      .map((item, index) => fault(document, schema.items ?? {}, item, `${at}[${index}]`))
      .find((text) => text !== undefined);
  }
  if (schema.type !== 'object' || typeof value !== 'object' || value === null) return undefined;
  const missing = schema.required?.find((name) => !(name in value));
  if (missing !== undefined) return `${at}.${missing} is missing`;
  const known = schema.properties;
  if (known === undefined) return undefined;
  return Object.entries(value)
    .map(([name, inner]) => (known[name] ? fault(document, known[name], inner, `${at}.${name}`) : undefined))
    .find((text) => text !== undefined);
}

test('every operation answers as the document says', async () => {
  const document = (await ask('GET', '/openapi.json')).body as Document;
  assert.match(document.openapi, /^3\.1\.\d+$/);
  const authority = await Authority.make('factory');
  const registry = openRegistry(folder);
  const calls: ReadonlyArray<readonly [method: string, template: string, path: string, body?: unknown]> = [
    ['put', '/devices/{id}', '/devices/pump', { status: 'enabled', authentication: { type: 'sas' } }],
    ['get', '/devices/{id}', '/devices/pump'],
    ['get', '/devices', '/devices?top=10'],
    ['put', '/devices/{id}/modules/{mid}', '/devices/pump/modules/security', {}],
    ['get', '/devices/{id}/modules/{mid}', '/devices/pump/modules/security'],
    ['get', '/devices/{id}/modules', '/devices/pump/modules'],
    ['get', '/twins/{id}', '/twins/pump'],
    ['patch', '/twins/{id}', '/twins/pump', { tags: { site: 'north' } }],
    ['put', '/twins/{id}', '/twins/pump', { properties: { desired: { pace: 3 } } }],
    ['get', '/twins/{id}/modules/{mid}', '/twins/pump/modules/security'],
    ['patch', '/twins/{id}/modules/{mid}', '/twins/pump/modules/security', { tags: { site: 'north' } }],
    ['put', '/twins/{id}/modules/{mid}', '/twins/pump/modules/security', { tags: {} }],
    ['post', '/twins/{id}/methods', '/twins/pump/methods', { methodName: 'reboot' }],
    ['post', '/devices/{id}/messages/devicebound', '/devices/pump/messages/devicebound', 'hello'],
    ['get', '/devices/{id}/messages/devicebound', '/devices/pump/messages/devicebound'],
    ['delete', '/devices/{id}/commands', '/devices/pump/commands'],
    ['put', '/certificates/{name}', '/certificates/factory', { certificate: authority.certificate }],
    ['get', '/certificates', '/certificates'],
    ['delete', '/certificates/{name}', '/certificates/factory'],
    [
      'put',
      '/ipFilterRules',
      '/ipFilterRules',
      [{ filterName: 'none', action: 'reject', ipMask: '192.0.2.0/24' }],
    ],
    ['get', '/ipFilterRules', '/ipFilterRules'],
    ['put', '/diagnosticSettings/{name}', '/diagnosticSettings/all', { categories: ['Connections'] }],
    ['get', '/diagnosticSettings', '/diagnosticSettings'],
    ['delete', '/diagnosticSettings/{name}', '/diagnosticSettings/all'],
    ['get', '/events', '/events?top=50'],
    ['get', '/messages', '/messages'],
    ['delete', '/devices/{id}/modules/{mid}', '/devices/pump/modules/security'],
    ['delete', '/devices/{id}', '/devices/pump'],
  ];
  const asked = new Set<string>();
  let device: HubDevice | undefined;
  for (const [method, template, path, body] of calls) {
    if (template.endsWith('/methods')) {
      device = await HubDevice.connect(hub, registry, { deviceId: 'pump' });
      await device.subscribe(['$iothub/methods/POST/#']);
    }
    const operation = document.paths[template]?.[method];
    assert.ok(operation, `${method} ${template} is in the document`);
    asked.add(`${method} ${template}`);
    assert.is(operation.requestBody !== undefined, body !== undefined, `${method} ${template} takes a body`);
    const taken = operation.requestBody?.content['application/json']?.schema;
    if (taken) assert.is(fault(document, taken, body, 'the body'), undefined);
    const pending = ask(method.toUpperCase(), path, body);
    if (template.endsWith('/methods') && device) await answerMethod(device);
    const answer = await pending;
    assert.ok(answer.status >= 200 && answer.status < 300, `${method} ${path}: ${answer.status}`);
    const said = operation.responses['2XX']?.content?.['application/json']?.schema;
    assert.is(said !== undefined, answer.body !== undefined, `${method} ${template} answers with a body`);
    if (said) assert.is(fault(document, said, answer.body, `${method} ${template}`), undefined);
  }
  await device?.leave();
  registry.close();

  const operations = Object.entries(document.paths).flatMap(([path, of]) =>
    Object.keys(of).map((method) => `${method} ${path}`),
  );
  const unasked = operations.filter((name) => !asked.has(name) && !/openapi|mid}.methods/.test(name));
  assert.equal(unasked, []);
});

test('what is wrong is said as the document says', async () => {
  const document = (await ask('GET', '/openapi.json')).body as Document;
  const { Failure = {} } = document.components.schemas;
  for (const [method, path, body] of [
    ['GET', '/devices/nobody'],
    ['GET', '/nowhere'],
    ['PUT', '/ipFilterRules', [{ filterName: 'x' }]],
  ] as const) {
    const answer = await ask(method, path, body);
    assert.ok(answer.status >= 400, path);
    assert.is(fault(document, Failure, answer.body, path), undefined);
  }
});

test.run();
