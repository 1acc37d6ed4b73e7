/** Results of a function of a text, a few thousand of them: the same few names are asked for in every packet. */
export class Remembered<T> {
  readonly #make: (text: string) => T;
  readonly #known = new Map<string, T>();

  constructor(make: (text: string) => T) {
    this.#make = make;
  }

  get(text: string): T {
    const found = this.#known.get(text);
    if (found !== undefined) return found;
    const made = this.#make(text);
    if (this.#known.size >= MOST) this.#known.clear();
    this.#known.set(text, made);
    return made;
  }
}

const MOST = 4096;
