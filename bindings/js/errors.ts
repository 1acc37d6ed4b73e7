/** Every error Wardlet throws: `code` for programs, `message` says what and why, `hint` what to do about it. */
export class WardletError extends Error {
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
  WL_UNKNOWN_SEQUENCE: 'an acknowledgement names no waiting message',
  WL_BAD_CORE: 'the module is not a Wardlet core, or of another ABI',
  WL_BAD_MESSAGE: 'a security message cannot be decoded',
  WL_BAD_ADDRESS: 'not an IPv4 or IPv6 address',
  WL_BAD_CAPTURE: 'not a capture file, or a broken one',
  WL_CUT_CAPTURE: 'a capture file ends in the middle of a record',
  WL_UNKNOWN_LINK: 'a capture of a link type the core does not read',
  WL_TOO_MANY_FLOWS: 'a capture holds more flows than are kept in memory',
  WL_NO_DEVICE: 'no address of a capture is likely to be the device',
  WL_BAD_FILE: 'a file cannot be opened, read or written',
  WL_BAD_FILTER: 'a flow filter cannot be read',
  WL_BAD_USAGE: 'the command line is wrong',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;
