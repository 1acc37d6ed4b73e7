// A device's symmetric key: signs, and shows itself nowhere.

import { WardletError } from '../../bindings/js/errors.ts';

const HIDDEN = '[device key]';

/** A device's symmetric key, for signing alone: it shows itself to nobody. */
export class DeviceKey {
  readonly #secret: Uint8Array<ArrayBuffer>;
  #imported: Promise<CryptoKey> | undefined;

  /** @throws WardletError WL_BAD_KEY, without the text */
  constructor(base64: string) {
    this.#secret = decodeBase64(base64);
  }

  /** HMAC-SHA256 of the UTF-8 bytes of `text`, in base64. */
  async sign(text: string): Promise<string> {
    this.#imported ??= crypto.subtle.importKey(
      'raw',
      this.#secret,
      { name: 'HMAC', hash: 'SHA-256' },
      false,
      ['sign'],
    );
    const signature = await crypto.subtle.sign('HMAC', await this.#imported, new TextEncoder().encode(text));
    return btoa(String.fromCharCode(...new Uint8Array(signature)));
  }

  /** What a log gets. */
  toString(): string {
    return HIDDEN;
  }

  /** What JSON.stringify gets. */
  toJSON(): string {
    return HIDDEN;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return HIDDEN;
  }
}

/** RFC 4648 4, with its padding: a key that lost a character on the way is not taken for another one. */
function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  if (text === '' || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) {
    throw new WardletError('WL_BAD_KEY', 'the device key is not base64', {
      hint: 'copy the whole key, with the = at its end',
    });
  }
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
