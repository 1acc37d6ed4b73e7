// Long output in pieces: a row is written and forgotten, so that the garbage collector has nothing to copy.

const PIECE = 65536;

export class TextOutput {
  readonly #stream: NodeJS.WritableStream;
  #text = '';

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream;
  }

  write(text: string): void {
    this.#text += text;
    if (this.#text.length >= PIECE) this.end();
  }

  /** Hands over what is left: as bytes, for text put together from pieces would be kept, with all of them, until the reader takes it. */
  end(): void {
    if (this.#text !== '') this.#stream.write(Buffer.from(this.#text));
    this.#text = '';
  }
}
