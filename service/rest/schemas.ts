// What the REST side takes and answers, as the OpenAPI document says it (JSON Schema).

export interface Schema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly $ref?: string;
}

const TEXT: Schema = { type: 'string' };
const NUMBER: Schema = { type: 'integer' };
const MS: Schema = { type: 'integer', description: 'ms since 1970' };
const KEYS = object({ primaryKey: TEXT, secondaryKey: TEXT }, []);
const ETAG: Schema = { type: 'string', description: 'for If-Match' };

/** By name; a list is named in the plural. */
export const SCHEMAS = {
  Device: object(
    {
      deviceId: TEXT,
      status: { type: 'string', enum: ['enabled', 'disabled'] },
      authentication: object(
        {
          type: { type: 'string', enum: ['sas', 'selfSigned', 'certificateAuthority'] },
          symmetricKey: KEYS,
          x509Thumbprint: object({ primaryThumbprint: TEXT, secondaryThumbprint: TEXT }, []),
        },
        [],
      ),
      etag: ETAG,
    },
    [],
  ),
  Devices: listOf('Device'),
  Module: object(
    {
      deviceId: TEXT,
      moduleId: TEXT,
      authentication: object({ type: { type: 'string', enum: ['sas'] }, symmetricKey: KEYS }, []),
      etag: ETAG,
    },
    [],
  ),
  Modules: listOf('Module'),
  TwinChange: object(
    {
      tags: { type: 'object' },
      properties: object({ desired: { type: 'object', description: 'null deletes a key' } }, []),
    },
    [],
  ),
  Twin: object(
    {
      deviceId: TEXT,
      moduleId: TEXT,
      etag: ETAG,
      version: NUMBER,
      status: { type: 'string', enum: ['enabled', 'disabled'] },
      connectionState: { type: 'string', enum: ['Connected', 'Disconnected'] },
      tags: { type: 'object' },
      properties: object({ desired: { type: 'object' }, reported: { type: 'object' } }),
    },
    ['deviceId', 'etag', 'version', 'status', 'connectionState', 'tags', 'properties'],
  ),
  MethodCall: object(
    {
      methodName: TEXT,
      payload: { description: 'any JSON' },
      responseTimeoutInSeconds: NUMBER,
      connectTimeoutInSeconds: NUMBER,
    },
    ['methodName'],
  ),
  MethodResult: object({ status: NUMBER, payload: { description: 'any JSON' } }, ['status']),
  Bytes: { type: 'string', format: 'binary' },
  MessageId: object({ messageId: TEXT }),
  PendingMessages: list(object({ messageId: TEXT, enqueuedMs: MS, expiresMs: MS, deliveries: NUMBER })),
  Purged: object({ deviceId: TEXT, totalMessagesPurged: NUMBER }),
  NewAuthority: object({ certificate: { type: 'string', description: 'PEM' } }),
  Authority: object({
    name: TEXT,
    certificate: TEXT,
    subject: TEXT,
    thumbprint: TEXT,
    expiresMs: MS,
    addedMs: MS,
  }),
  Authorities: listOf('Authority'),
  IpFilterRules: list(
    object({
      filterName: TEXT,
      action: { type: 'string', enum: ['accept', 'reject'] },
      ipMask: { type: 'string', description: 'an address or CIDR range, IPv4 or IPv6' },
    }),
  ),
  NewDiagnosticSetting: object({ categories: list(TEXT) }),
  DiagnosticSetting: object({ name: TEXT, categories: list(TEXT) }),
  DiagnosticSettings: listOf('DiagnosticSetting'),
  Events: list(object({ id: NUMBER, kind: TEXT, timeMs: MS })),
  Messages: list(
    object(
      {
        id: NUMBER,
        deviceId: TEXT,
        moduleId: TEXT,
        enqueuedMs: MS,
        properties: { type: 'object' },
        body: { type: 'string', format: 'byte' },
      },
      ['id', 'deviceId', 'enqueuedMs', 'properties', 'body'],
    ),
  ),
  Failure: object({ errorCode: NUMBER, message: TEXT }),
} as const satisfies Readonly<Record<string, Schema>>;

export type SchemaName = keyof typeof SCHEMAS;

/** Every property is required unless `required` says which. */
function object(properties: Readonly<Record<string, Schema>>, required = Object.keys(properties)): Schema {
  return { type: 'object', properties, ...(required.length === 0 ? {} : { required }) };
}

function list(items: Schema): Schema {
  return { type: 'array', items };
}

function listOf(name: string): Schema {
  return list({ $ref: `#/components/schemas/${name}` });
}
