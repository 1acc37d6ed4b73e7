// Errors of the service side as IoT Hub numbers them: an HTTP status and a code of six digits that begins with it.

import { type ErrorCode, WardletError } from '../../bindings/js/errors.ts';

export interface AzureError {
  readonly status: number;
  readonly errorCode: number;
  /** IoT Hub's name of it. */
  readonly name: string;
}

const ERRORS: { readonly [Code in ErrorCode]?: AzureError } = {
  WL_BAD_TWIN: { status: 400, errorCode: 400_004, name: 'ArgumentInvalid' },
  WL_BAD_OPTION: { status: 400, errorCode: 400_004, name: 'ArgumentInvalid' },
  WL_BAD_DEVICE_ID: { status: 400, errorCode: 400_004, name: 'ArgumentInvalid' },
  WL_BAD_KEY: { status: 400, errorCode: 400_004, name: 'ArgumentInvalid' },
  WL_QUEUE_FULL: { status: 403, errorCode: 403_004, name: 'DeviceMaximumQueueDepthExceeded' },
  WL_TOO_MANY_MODULES: { status: 403, errorCode: 403_002, name: 'QuotaExceeded' },
  WL_BAD_CERTIFICATE: { status: 400, errorCode: 400_004, name: 'ArgumentInvalid' },
  WL_BAD_DATA_FOLDER: { status: 503, errorCode: 503_001, name: 'ServiceUnavailable' },
  WL_NO_SUCH_CERTIFICATE: { status: 404, errorCode: 404_000, name: 'NotFound' },
  WL_CERTIFICATE_EXISTS: { status: 409, errorCode: 409_000, name: 'Conflict' },
  WL_NO_SUCH_DEVICE: { status: 404, errorCode: 404_001, name: 'DeviceNotFound' },
  WL_NO_SUCH_MODULE: { status: 404, errorCode: 404_010, name: 'ModuleNotFound' },
  WL_DEVICE_OFFLINE: { status: 404, errorCode: 404_103, name: 'DeviceNotOnline' },
  WL_DEVICE_EXISTS: { status: 409, errorCode: 409_001, name: 'DeviceAlreadyExists' },
  WL_MODULE_EXISTS: { status: 409, errorCode: 409_301, name: 'ModuleAlreadyExistsOnDevice' },
  WL_TWIN_CHANGED: { status: 412, errorCode: 412_001, name: 'PreconditionFailed' },
  WL_TOO_LARGE: { status: 413, errorCode: 413_001, name: 'MessageTooLarge' },
  WL_BAD_ANSWER: { status: 502, errorCode: 502_000, name: 'BadGateway' },
  WL_METHOD_TIMEOUT: { status: 504, errorCode: 504_101, name: 'GatewayTimeout' },
};
const UNEXPECTED: AzureError = { status: 500, errorCode: 500_001, name: 'ServerError' };

/** What to answer with when a call of the service side has thrown. */
export function azureErrorOf(error: unknown): AzureError {
  return (error instanceof WardletError && ERRORS[error.code]) || UNEXPECTED;
}
