// Verbs that ask the running hub: they speak to its REST side, with the token of its data folder.

import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { ERROR_CODES, type ErrorCode, WardletError } from '../bindings/js/errors.ts';
import { hubFolder } from './data-folder.ts';
import { loadService } from './service-package.ts';

export interface RestOptions {
  readonly data?: string;
}

/** Asks the hub and prints its answer, JSON. */
export async function askHub(
  { data }: RestOptions,
  method: string,
  path: string,
  body?: string,
): Promise<void> {
  const folder = hubFolder(data);
  const { restPortOf, restToken } = await loadService();
  const port = restPortOf(folder);
  const token = restToken(folder);
  if (port === 0 || token === undefined) throw notThere('the hub was started without its REST side');
  const { status, text } = await new Promise<{ status: number; text: string }>((resolve, reject) => {
    const ca = readFileSync(join(folder, 'ca.pem'));
    const headers = { authorization: `Bearer ${token}` };
    const asked = request({ host: 'localhost', port, ca, method, path, headers }, (response) => {
      let answer = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        answer += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: answer }));
      response.on('error', reject);
    });
    asked.on('error', (cause) => reject(notThere('no hub answers on its REST side', cause)));
    asked.end(body);
  });
  if (status >= 400) {
    const {
      code,
      message = `status ${status}`,
      hint = 'see docs/hub.md',
    } = JSON.parse(text || '{}') as {
      code?: string;
      message?: string;
      hint?: string;
    };
    throw new WardletError(isErrorCode(code) ? code : 'WL_REFUSED', message, { hint });
  }
  if (text !== '') process.stdout.write(`${text}\n`);
}

/** `device` or `device/module` as a path below /twins. */
export function twinPath(id: string): string {
  return `/twins/${id.split('/').map(encodeURIComponent).join('/modules/')}`;
}

function isErrorCode(code: string | undefined): code is ErrorCode {
  return code !== undefined && Object.hasOwn(ERROR_CODES, code);
}

function notThere(message: string, cause?: unknown): WardletError {
  return new WardletError('WL_UNREACHABLE', message, {
    cause,
    hint: 'start it: wardlet hub --rest-port 8443',
  });
}
