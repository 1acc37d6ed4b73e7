// The service is a package of its own, which a device never installs: loaded by the verbs that need it.

import { WardletError } from '../bindings/js/errors.ts';

const NAME = '@wardlet/service';

export type Service = typeof import('../service/index.ts');

/** @throws WardletError WL_NO_SERVICE */
export async function loadService(): Promise<Service> {
  try {
    return (await import(NAME)) as Service;
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND';
    if (!missing || !cause.message.includes(NAME)) throw cause;
    throw new WardletError('WL_NO_SERVICE', `this verb needs the package ${NAME}, which is not installed`, {
      cause,
      hint: `npm install ${NAME}`,
    });
  }
}
