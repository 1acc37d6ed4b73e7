// What a person or a script sees when a verb fails: what, why, what to do; never a stack.

import { type ErrorCode, WardletError } from '../bindings/js/errors.ts';
import { err } from './colours.ts';
import { withoutSecrets } from './secrets.ts';
import { printable } from './terminal.ts';

export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;

/** Faults of the command line itself, not of what it was pointed at. */
const USAGE: ReadonlySet<ErrorCode> = new Set([
  'WL_BAD_USAGE',
  'WL_BAD_ADDRESS',
  'WL_BAD_FILTER',
  'WL_UNSUPPORTED_FORMAT',
  'WL_BAD_CONFIGURATION',
  'WL_BAD_CONNECTION_STRING',
]);

/** Prints to standard error and returns the exit code. */
export function reportFailure(error: unknown, asJson: boolean): number {
  const { code, message: whole, hint } = describe(error);
  const message = withoutSecrets(whole);
  if (asJson) {
    process.stderr.write(`${JSON.stringify({ error: { code, message, hint } })}\n`);
  } else {
    process.stderr.write(`${err.red('wardlet:')} ${printable(message)}\n  ${err.dim(printable(hint))}\n`);
  }
  return error instanceof WardletError && USAGE.has(error.code) ? EXIT_USAGE : EXIT_FAILED;
}

/** Standard output cannot take what a verb has to say. */
export function outputFailure(cause: NodeJS.ErrnoException): WardletError {
  const reason = cause.code === 'ENOSPC' ? 'the disk is full' : (cause.code ?? cause.message);
  return new WardletError('WL_BAD_FILE', `cannot write the output: ${reason}`, {
    cause,
    hint: 'what came out so far is not complete: make room, or write it elsewhere',
  });
}

export function describe(error: unknown): { code: string; message: string; hint: string } {
  if (error instanceof WardletError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: 'WL_INTERNAL',
    message: `internal fault: ${message}`,
    hint: 'please report it with the command and, where you can share it, the input',
  };
}
