// Shared access signatures (protocol.md 4): HMAC-SHA256 of `{resource as sent}\n{expiry}`, on WebCrypto.

import type { DeviceKey } from './device-key.ts';

/**
 * A token for `resource` (host/devices/id[/modules/id], not encoded yet).
 * expirySeconds: since 1970. keyName: of a policy or an enrolment, `skn`; a device's own key has none.
 */
export async function sasToken(
  resource: string,
  key: DeviceKey,
  expirySeconds: number,
  keyName?: string,
): Promise<string> {
  const sr = encodeStrictly(resource);
  const se = Math.floor(expirySeconds);
  const sig = encodeStrictly(await key.sign(`${sr}\n${se}`));
  const skn = keyName === undefined ? '' : `&skn=${encodeStrictly(keyName)}`;
  return `SharedAccessSignature sr=${sr}&sig=${sig}&se=${se}${skn}`;
}

/** RFC 3986: the characters that encodeURIComponent leaves alone, too; in the lower case of Azure's SDK. */
function encodeStrictly(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16)}`,
  );
}
