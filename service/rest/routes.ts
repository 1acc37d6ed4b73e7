// The table of the REST side: IoT Hub's own paths where it has them.

import { WardletError } from '../../bindings/js/errors.ts';
import type { Authorities } from '../hub/authorities.ts';
import type { CloudToDevice, CloudToDeviceMessage } from '../hub/cloud-to-device.ts';
import { checkDeviceId } from '../hub/device-id.ts';
import type { DiagnosticSettings } from '../hub/diagnostic-settings.ts';
import type { DirectMethods } from '../hub/direct-methods.ts';
import { readEvents } from '../hub/event-log.ts';
import type { IpFilter } from '../hub/ip-filter.ts';
import { readMessages } from '../hub/message-reader.ts';
import { noSuchDevice, noSuchModule } from '../hub/modules.ts';
import type { Registry } from '../hub/registry.ts';
import type { Twin, TwinChange, Twins } from '../hub/twins.ts';
import { accessOf, deviceDocument, isEnabledIn, moduleDocument } from './device-document.ts';
import type { RestAnswer, RestRequest, Route } from './route.ts';

export interface RestRooms {
  readonly dataFolder: string;
  readonly registry: Registry;
  readonly authorities: Authorities;
  readonly ipFilter: IpFilter;
  readonly diagnostics: DiagnosticSettings;
  readonly twins: Twins;
  readonly methods: DirectMethods;
  readonly cloudToDevice: CloudToDevice;
}

const MAX_PAGE = 1_000;
/** Bodies of messages in one answer; at least one comes. */
const MAX_PAGE_BYTES = 2 * 1024 * 1024;
const DEVICE = '/devices/{id}';
const MODULE = '/devices/{id}/modules/{mid}';

export function routesOf(rooms: RestRooms): readonly Route[] {
  const { registry, authorities, ipFilter, diagnostics, dataFolder } = rooms;
  const device = (id: string) => {
    checkDeviceId(id);
    const found = registry.get(id);
    if (!found) throw noSuchDevice(id);
    return found;
  };
  const module = (id: string, mid: string) => {
    device(id);
    checkDeviceId(mid);
    const found = registry.modules.get(id, mid);
    if (!found) throw noSuchModule({ deviceId: id, moduleId: mid });
    return found;
  };
  return [
    {
      method: 'GET',
      path: '/devices',
      answer: 'Devices',
      summary: 'Devices by id, the first `top` after the id `after`',
      query: ['after', 'top'],
      handle: ({ query }) => ({
        body: registry.page(query.get('after') ?? '', count(query, 'top')).map(deviceDocument),
      }),
    },
    {
      method: 'GET',
      path: DEVICE,
      answer: 'Device',
      summary: 'A device',
      handle: ({ path: { id = '' } }) => tagged(deviceDocument(device(id))),
    },
    {
      method: 'PUT',
      path: DEVICE,
      body: 'Device',
      answer: 'Device',
      summary: 'Registers a device; with If-Match, changes it',
      handle: (request) => {
        const id = request.path.id ?? '';
        const document = request.json();
        const access = accessOf(document);
        const isEnabled = isEnabledIn(document);
        return registry.together(() => {
          if (request.headers['if-match'] === undefined) registry.add(id, access);
          else {
            const before = device(id);
            demandEtag(request, deviceDocument(before).etag);
            const isSas = (access.authentication ?? before.authentication) === 'sas';
            const { primaryKey, secondaryKey } = before;
            const kept = isSas ? { primaryKey, secondaryKey } : {};
            if (Object.keys(access).length > 0) registry.setAccess(id, { ...kept, ...access });
          }
          if (isEnabled !== undefined) registry.setEnabled(id, isEnabled);
          return tagged(deviceDocument(device(id)));
        });
      },
    },
    {
      method: 'DELETE',
      path: DEVICE,
      summary: 'Removes a device',
      handle: (request) => {
        const id = request.path.id ?? '';
        demandEtag(request, deviceDocument(device(id)).etag);
        registry.remove(id);
        return { status: 204 };
      },
    },
    {
      method: 'GET',
      path: '/devices/{id}/modules',
      answer: 'Modules',
      summary: 'Modules of a device',
      handle: ({ path: { id = '' } }) => ({ body: registry.modules.list(device(id).id).map(moduleDocument) }),
    },
    {
      method: 'GET',
      path: MODULE,
      answer: 'Module',
      summary: 'A module',
      handle: ({ path: { id = '', mid = '' } }) => tagged(moduleDocument(module(id, mid))),
    },
    {
      method: 'PUT',
      path: MODULE,
      body: 'Module',
      answer: 'Module',
      summary: 'Registers a module; with If-Match, changes its keys',
      handle: (request) => {
        const { id = '', mid = '' } = request.path;
        const access = accessOf(request.json());
        if (request.headers['if-match'] === undefined) registry.modules.add(id, mid, access);
        else {
          demandEtag(request, moduleDocument(module(id, mid)).etag);
          registry.modules.setKeys(id, mid, access);
        }
        return tagged(moduleDocument(module(id, mid)));
      },
    },
    {
      method: 'DELETE',
      path: MODULE,
      summary: 'Removes a module',
      handle: (request) => {
        const { id = '', mid = '' } = request.path;
        demandEtag(request, moduleDocument(module(id, mid)).etag);
        registry.modules.remove(id, mid);
        return { status: 204 };
      },
    },
    ...['', '/modules/{mid}'].flatMap((below) => identityRoutes(rooms, below)),
    {
      method: 'POST',
      path: '/devices/{id}/messages/devicebound',
      body: 'Bytes',
      answer: 'MessageId',
      summary: 'Queues the body as a message for a device; iothub-* headers are its properties',
      handle: (request) => {
        const id = request.path.id ?? '';
        return { status: 201, body: { messageId: rooms.cloudToDevice.send(id, messageOf(request)) } };
      },
    },
    {
      method: 'GET',
      path: '/devices/{id}/messages/devicebound',
      answer: 'PendingMessages',
      summary: 'Messages that wait for a device',
      handle: ({ path: { id = '' } }) => ({ body: rooms.cloudToDevice.pending(device(id).id) }),
    },
    {
      method: 'DELETE',
      path: '/devices/{id}/commands',
      answer: 'Purged',
      summary: 'Purges the messages that wait for a device',
      handle: ({ path: { id = '' } }) => ({
        body: { deviceId: id, totalMessagesPurged: rooms.cloudToDevice.purge(device(id).id) },
      }),
    },
    {
      method: 'GET',
      path: '/certificates',
      answer: 'Authorities',
      summary: 'Authorities for devices',
      handle: () => ({ body: authorities.list() }),
    },
    {
      method: 'PUT',
      path: '/certificates/{name}',
      body: 'NewAuthority',
      answer: 'Authority',
      summary: 'Adds an authority: {"certificate": PEM}',
      handle: ({ path: { name = '' }, json }) => {
        const { certificate } = json() as { certificate?: unknown };
        return { status: 201, body: authorities.add(name, String(certificate ?? '')) };
      },
    },
    {
      method: 'DELETE',
      path: '/certificates/{name}',
      summary: 'Deletes an authority',
      handle: ({ path: { name = '' } }) => {
        authorities.remove(name);
        return { status: 204 };
      },
    },
    {
      method: 'GET',
      path: '/ipFilterRules',
      answer: 'IpFilterRules',
      summary: 'IP filter rules, in order',
      handle: () => ({ body: ipFilter.list() }),
    },
    {
      method: 'PUT',
      path: '/ipFilterRules',
      body: 'IpFilterRules',
      answer: 'IpFilterRules',
      summary: 'Replaces the IP filter rules',
      handle: ({ json }) => ({ body: ipFilter.replace(json()) }),
    },
    {
      method: 'GET',
      path: '/diagnosticSettings',
      answer: 'DiagnosticSettings',
      summary: 'Diagnostic settings',
      handle: () => ({ body: diagnostics.list() }),
    },
    {
      method: 'PUT',
      path: '/diagnosticSettings/{name}',
      body: 'NewDiagnosticSetting',
      answer: 'DiagnosticSetting',
      summary: 'Adds or edits a diagnostic setting: {"categories": [...]}',
      handle: ({ path: { name = '' }, json }) => ({
        body: diagnostics.set(name, (json() as { categories?: unknown }).categories),
      }),
    },
    {
      method: 'DELETE',
      path: '/diagnosticSettings/{name}',
      summary: 'Deletes a diagnostic setting',
      handle: ({ path: { name = '' } }) => {
        if (!diagnostics.list().some((one) => one.name === name)) {
          const message = `no diagnostic setting is called ${JSON.stringify(name.slice(0, 140))}`;
          return { status: 404, body: { errorCode: 404_000, message, hint: 'list them to see their names' } };
        }
        diagnostics.remove(name);
        return { status: 204 };
      },
    },
    {
      method: 'GET',
      path: '/events',
      answer: 'Events',
      summary: 'The event log: the newest `top` after the id `after`',
      query: ['after', 'top'],
      handle: ({ query }) => ({
        body: readEvents(dataFolder, { afterId: number(query, 'after', 0), last: count(query, 'top') }),
      }),
    },
    {
      method: 'GET',
      path: '/messages',
      answer: 'Messages',
      summary: 'Messages of devices after the id `after`, the oldest first; bodies in base64',
      query: ['after', 'top'],
      handle: ({ query }) => ({
        body: upTo(
          MAX_PAGE_BYTES,
          readMessages(dataFolder, {
            afterId: number(query, 'after', 0),
            limit: Math.min(100, count(query, 'top')),
          }),
        ).map(({ body, ...message }) => ({ ...message, body: Buffer.from(body).toString('base64') })),
      }),
    },
  ];
}

/** Twin and methods of a device, or of a module. */
function identityRoutes({ twins, methods }: RestRooms, below: string): readonly Route[] {
  const path = `/twins/{id}${below}`;
  const what = below === '' ? 'a device' : 'a module';
  const identity = ({ path: { id = '', mid } }: RestRequest) => {
    checkDeviceId(id);
    if (mid !== undefined) checkDeviceId(mid);
    return { deviceId: id, ...(mid === undefined ? {} : { moduleId: mid }) };
  };
  const condition = ({ headers }: RestRequest) => ({ etag: etagIn(headers['if-match']) ?? '*' });
  return [
    {
      method: 'GET',
      path,
      answer: 'Twin',
      summary: `The twin of ${what}`,
      handle: (request) => tagged(twins.get(identity(request))),
    },
    {
      method: 'PATCH',
      path,
      body: 'TwinChange',
      answer: 'Twin',
      summary: `Merges into tags and desired properties of ${what}`,
      handle: (request): RestAnswer =>
        tagged<Twin>(twins.update(identity(request), request.json() as TwinChange, condition(request))),
    },
    {
      method: 'PUT',
      path,
      body: 'TwinChange',
      answer: 'Twin',
      summary: `Replaces tags and desired properties of ${what}`,
      handle: (request): RestAnswer =>
        tagged<Twin>(twins.replace(identity(request), request.json() as TwinChange, condition(request))),
    },
    {
      method: 'POST',
      path: `${path}/methods`,
      body: 'MethodCall',
      answer: 'MethodResult',
      summary: `Calls a direct method of ${what}`,
      handle: async (request) => {
        const { methodName, payload, responseTimeoutInSeconds, connectTimeoutInSeconds } = request.json() as {
          methodName?: unknown;
          payload?: unknown;
          responseTimeoutInSeconds?: number;
          connectTimeoutInSeconds?: number;
        };
        if (typeof methodName !== 'string') throw wrong('methodName is no text', 'name the method');
        const body = await methods.invoke(identity(request), methodName, payload ?? null, {
          ...(responseTimeoutInSeconds === undefined
            ? {}
            : { responseTimeoutSeconds: responseTimeoutInSeconds }),
          ...(connectTimeoutInSeconds === undefined
            ? {}
            : { connectTimeoutSeconds: connectTimeoutInSeconds }),
        });
        return { body };
      },
    },
  ];
}

function tagged<Document extends { readonly etag: string }>(document: Document): RestAnswer {
  return { body: document, etag: document.etag };
}

function etagIn(header: string | undefined): string | undefined {
  return header?.replace(/^W\//, '').replace(/^"(.*)"$/, '$1');
}

function demandEtag({ headers }: RestRequest, etag: string): void {
  const asked = etagIn(headers['if-match']) ?? '*';
  if (asked === '*' || asked === etag) return;
  throw new WardletError('WL_TWIN_CHANGED', 'it has changed since it was read', {
    hint: 'read it again, and try again',
  });
}

function messageOf({ headers, body }: RestRequest): CloudToDeviceMessage {
  const text = (name: string) => {
    const value = headers[`iothub-${name}`];
    return typeof value === 'string' ? value : undefined;
  };
  const properties = Object.entries(headers).flatMap(([name, value]) =>
    name.startsWith('iothub-app-') && typeof value === 'string' ? [[name.slice(11), value] as const] : [],
  );
  const expiry = text('expiry');
  const given = {
    messageId: text('messageid'),
    correlationId: text('correlationid'),
    userId: text('userid'),
    contentType: text('contenttype'),
    contentEncoding: text('contentencoding'),
    ack: text('ack'),
    expiresMs: expiry === undefined ? undefined : Date.parse(expiry),
  };
  const named = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { body, properties: Object.fromEntries(properties), ...named };
}

function upTo<Message extends { readonly body: Uint8Array }>(
  bytes: number,
  messages: Iterable<Message>,
): Message[] {
  const page: Message[] = [];
  let left = bytes;
  for (const message of messages) {
    left -= message.body.length;
    if (left < 0 && page.length > 0) break;
    page.push(message);
  }
  return page;
}

function count(query: URLSearchParams, name: string): number {
  return Math.min(MAX_PAGE, Math.max(1, number(query, name, 100)));
}

function number(query: URLSearchParams, name: string, otherwise: number): number {
  const text = query.get(name);
  if (text === null) return otherwise;
  if (!/^\d{1,15}$/.test(text)) throw wrong(`${name} is no number`, 'a whole number from 0');
  return Number(text);
}

function wrong(message: string, hint: string): WardletError {
  return new WardletError('WL_BAD_OPTION', message, { hint });
}
