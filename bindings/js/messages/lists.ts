// The lists of a decoded message. Objects are ten times as large as the bytes they are read from: so only the first few hundred of a
// message are made at once, as in every ordinary message, and of a longer list each element is made when it is read.

/** Elements of a message's lists that are made at once, each of a byte at least. */
export const MADE_AT_ONCE = 256;

export interface ListOptions {
  /** How many elements one is as large as; default 1. */
  readonly weight?: number;
  /** `make` refuses none. */
  readonly isChecked?: boolean;
}

/** Events, with ids and payloads. */
export const EVENT_LIST: ListOptions = { weight: 4 };
/** What has been read once already. */
export const CHECKED_LIST: ListOptions = { isChecked: true };

/** Of one message. */
export class Lists {
  #left = MADE_AT_ONCE;

  /** `make` refuses what cannot be read: now, for every element, and never later. */
  of<Item>(
    count: number,
    make: (index: number) => Item,
    { weight = 1, isChecked = false }: ListOptions = {},
  ): readonly Item[] {
    if (count * weight <= this.#left) {
      this.#left -= count * weight;
      return Array.from({ length: count }, (_, index) => make(index));
    }
    if (!isChecked) for (let index = 0; index < count; index++) make(index);
    return madeWhenRead(count, make);
  }
}

/**
 * An array of `count` elements, each made anew whenever it is read: what is kept of it is what its reader keeps. It cannot be changed, and not be
 * cloned to another thread; `[...list]` makes a plain one.
 */
export function madeWhenRead<Item>(count: number, make: (index: number) => Item): readonly Item[] {
  const target: Item[] = [];
  Object.setPrototypeOf(target, INSPECTED);
  return new Proxy(target, new ListHandler(count, make));
}

/** As Array.prototype; but Node's console looks behind a proxy, and would find nothing there. */
const INSPECTED: object = Object.create(Array.prototype, {
  [Symbol.for('nodejs.util.inspect.custom')]: {
    value(this: readonly unknown[]): readonly unknown[] {
      return [...this];
    },
  },
});

class ListHandler<Item> implements ProxyHandler<Item[]> {
  readonly #count: number;
  readonly #make: (index: number) => Item;

  constructor(count: number, make: (index: number) => Item) {
    this.#count = count;
    this.#make = make;
  }

  get(array: Item[], key: string | symbol): unknown {
    const index = this.#indexOf(key);
    if (index >= 0) return this.#make(index);
    return key === 'length' ? this.#count : Reflect.get(array, key);
  }

  has(array: Item[], key: string | symbol): boolean {
    return this.#indexOf(key) >= 0 || Reflect.has(array, key);
  }

  ownKeys(array: Item[]): Array<string | symbol> {
    const indices = Array.from({ length: this.#count }, (_, index) => String(index));
    return [...indices, ...Reflect.ownKeys(array)];
  }

  getOwnPropertyDescriptor(array: Item[], key: string | symbol): PropertyDescriptor | undefined {
    const index = this.#indexOf(key);
    if (index >= 0)
      return { value: this.#make(index), configurable: true, enumerable: true, writable: false };
    const own = Reflect.getOwnPropertyDescriptor(array, key);
    return key === 'length' ? { ...own, value: this.#count } : own;
  }

  getPrototypeOf(): object {
    return Array.prototype;
  }

  set(): boolean {
    return false;
  }

  defineProperty(): boolean {
    return false;
  }

  deleteProperty(): boolean {
    return false;
  }

  /** -1: it is none of the list's. */
  #indexOf(key: string | symbol): number {
    if (typeof key === 'symbol') return -1;
    const index = Number(key);
    const isIndex = Number.isInteger(index) && index >= 0 && index < this.#count;
    return isIndex && String(index) === key ? index : -1;
  }
}
