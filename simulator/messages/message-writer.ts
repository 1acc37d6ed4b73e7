/** Appends big-endian fields to a message of a length not known beforehand. */
export class MessageWriter {
  readonly #bytes: number[] = [];

  u8(...values: number[]): this {
    for (const value of values) this.#bytes.push(value & 0xff);
    return this;
  }

  u16(...values: number[]): this {
    for (const value of values) this.u8(value >> 8, value);
    return this;
  }

  u32(...values: number[]): this {
    for (const value of values) this.u16(value >>> 16, value);
    return this;
  }

  bytes(bytes: Uint8Array): this {
    return this.u8(...bytes);
  }

  /** Seven-bit text. */
  text(text: string): this {
    return this.u8(...Array.from(text, (character) => character.charCodeAt(0)));
  }

  end(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}
