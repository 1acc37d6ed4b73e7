import { WardletError } from '../../bindings/js/errors.ts';

/** The WardletError that the action throws; any other error, and none, fails the test. */
export function errorOf(action: () => unknown): WardletError {
  const error = thrown(action);
  if (error === undefined) throw new Error('nothing was thrown');
  return error;
}

/** The code of the WardletError that the action throws; undefined when it succeeds. Any other error fails the test. */
export function codeOf(action: () => unknown): string | undefined {
  return thrown(action)?.code;
}

function thrown(action: () => unknown): WardletError | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof WardletError) return error;
    throw error;
  }
}
