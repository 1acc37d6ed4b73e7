// What IoT Hub takes as a device's or module's id. No slash: an id is one level of a topic and no path.

import { WardletError } from '../../bindings/js/errors.ts';

const ID = /^[A-Za-z0-9\-:.+%_#*?!(),=@$']{1,128}$/;

export function isDeviceId(text: string): boolean {
  return ID.test(text);
}

/** Throws WL_BAD_DEVICE_ID. */
export function checkDeviceId(text: string): void {
  if (isDeviceId(text)) return;
  throw new WardletError('WL_BAD_DEVICE_ID', `${JSON.stringify(text.slice(0, 140))} is no device id`, {
    hint: "1 to 128 of A-Z a-z 0-9 and - : . + % _ # * ? ! ( ) , = @ $ '",
  });
}
