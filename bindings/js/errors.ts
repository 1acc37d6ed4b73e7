// A WardletError stays one from bundle to bundle: `wardlet` and `@wardlet/service` each carry this file.
const BRAND = Symbol.for('wardlet.error');

/** Every error Wardlet throws: `code` for programs, `message` says what and why, `hint` what to do about it. */
export class WardletError extends Error {
  static override [Symbol.hasInstance](value: unknown): value is WardletError {
    return typeof value === 'object' && value !== null && BRAND in value;
  }

  readonly [BRAND] = true;
  override readonly name: string = 'WardletError';
  readonly code: ErrorCode;
  readonly hint: string;

  constructor(code: ErrorCode, message: string, options: { hint: string; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}

/** Each code with what it means; docs/errors.md is held against this table by a test. */
export const ERROR_CODES = {
  WL_BAD_LENGTH: 'a batch or block is longer than the core takes',
  WL_BAD_FRAME: 'a frame claims more bytes than the batch holds',
  WL_BAD_CONFIGURATION: 'a configuration value was refused; the previous configuration stays in force',
  WL_UNSUPPORTED_FORMAT: 'this build of the core lacks the message format',
  WL_NOT_STARTED: 'the core was used before start',
  WL_NO_SEED: 'the core was started without entropy',
  WL_ALREADY_STARTED: 'the core was started twice',
  WL_BAD_EVENT: 'an event that a host reports has a value that none can have; nothing of it was reported',
  WL_UNSUPPORTED_EVENT: 'the message format, or this build of the core, has no such event',
  WL_BAD_INDICATORS: 'an indicator list is not as it has to be, or holds more than the core has places for',
  WL_BAD_LEARNED: 'what was learned is of another profile or version, or no such thing',
  WL_EVENT_TOO_LARGE: 'an event, or an entry of it, does not fit a message',
  WL_TOO_MANY_EVENTS: 'as many reported events wait for room in the outbox as an agent keeps',
  WL_UNKNOWN_SEQUENCE: 'an acknowledgement names no waiting message',
  WL_BAD_CORE: 'the module is not a Wardlet core, or of another ABI',
  WL_NO_MEMORY: 'the system has no memory for another core',
  WL_BAD_MESSAGE: 'a security message cannot be decoded',
  WL_BAD_ADDRESS: 'not an IPv4 or IPv6 address',
  WL_BAD_CAPTURE: 'not a capture file, or a broken one',
  WL_CUT_CAPTURE: 'a capture file ends in the middle of a record',
  WL_UNKNOWN_LINK: 'a capture of a link type the core does not read',
  WL_TOO_MANY_FLOWS: 'a capture holds more flows than are kept in memory',
  WL_SHORT_CAPTURE: 'a capture is too short to say what a day of it costs',
  WL_NO_DEVICE: 'no address of a capture is likely to be the device',
  WL_BAD_FILE: 'a file cannot be opened, read or written',
  WL_BAD_FILTER: 'a flow filter cannot be read',
  WL_BAD_USAGE: 'the command line is wrong',
  WL_BAD_CONNECTION_STRING: 'a connection string cannot be read',
  WL_BAD_OPTION: 'an option of a library call is wrong',
  WL_UNREACHABLE: 'no connection to the hub: name, network or port',
  WL_UNTRUSTED_HUB: "the hub's certificate is of no trusted authority, or out of date",
  WL_WRONG_HOST: "the hub's certificate is for another host name",
  WL_REFUSED: 'the hub refuses the device: identity, key, token or host name',
  WL_NOT_PROVISIONED:
    'the provisioning service assigns the device to no hub: enrolment, key, certificate or id scope',
  WL_DISCONNECTED: 'the connection to the hub was lost; what was not acknowledged is sent again',
  WL_TAKEN_OVER: 'connections are lost at once, again and again: another one has the same identity',
  WL_UNDELIVERED: 'messages were not acknowledged before the agent had to stop',
  WL_BAD_SPOOL: 'the spool cannot be used: folder, disk, or another agent has it',
  WL_SPOOL_FULL: 'no room for the spool on the disk, or a message larger than the spool',
  WL_GIVEN_UP: 'the spool gave messages up: too old, too many, or damaged; they are counted',
  WL_NO_SUCH_METHOD: 'a hub calls a direct method that the agent does not have',
  WL_PORT_IN_USE: 'another program listens on the port',
  WL_BAD_DATA_FOLDER: "the hub's data folder cannot be used",
  WL_BAD_DEVICE_ID: 'not a device id IoT Hub would take',
  WL_BAD_KEY: 'not a device key',
  WL_DEVICE_EXISTS: 'the device is registered already',
  WL_NO_SUCH_DEVICE: 'the device is not registered',
  WL_BAD_CERTIFICATE: 'not a certificate or thumbprint the hub can use',
  WL_CERTIFICATE_EXISTS: 'the certificate is registered already',
  WL_NO_SUCH_CERTIFICATE: 'the certificate is not registered',
  WL_MODULE_EXISTS: 'the module is registered already',
  WL_TOO_MANY_MODULES: 'the device has as many modules as IoT Hub allows',
  WL_NO_SUCH_MODULE: 'the module is not registered',
  WL_BAD_TWIN: 'a change of a twin breaks a rule of IoT Hub',
  WL_TWIN_CHANGED: 'the twin has changed since it was read',
  WL_TOO_LARGE: 'a message, payload or twin is larger than IoT Hub takes',
  WL_QUEUE_FULL: 'as many messages wait for the device as IoT Hub keeps',
  WL_DEVICE_OFFLINE: 'the device is not connected, or takes no method calls',
  WL_METHOD_TIMEOUT: 'the device did not answer a method call in time',
  WL_BAD_ANSWER: 'the device answered a method call with what is no JSON, or with too much',
  WL_ENROLMENT_EXISTS: 'the enrolment is there already',
  WL_NO_SUCH_ENROLMENT: 'there is no such enrolment',
  WL_NO_SERVICE: 'the package @wardlet/service is not installed',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;
