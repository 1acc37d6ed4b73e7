/** A priority queue: the earliest first; of the same time, in the order of pushing. */
export class TimeHeap<T> {
  readonly #times: number[] = [];
  readonly #orders: number[] = [];
  readonly #values: T[] = [];
  #pushed = 0;

  get size(): number {
    return this.#values.length;
  }

  /** Of the first; Infinity where there is none. */
  get firstMs(): number {
    return this.#times[0] ?? Number.POSITIVE_INFINITY;
  }

  push(timeMs: number, value: T): void {
    let at = this.#values.length;
    const order = this.#pushed++;
    // Holes rise from the end until the parent is not later: an equal time was pushed before.
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((this.#times[parent] as number) <= timeMs) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#set(at, timeMs, order, value);
  }

  /** The first, taken out. */
  pop(): T | undefined {
    const first = this.#values[0];
    const last = this.#values.length - 1;
    if (last < 0) return undefined;
    const timeMs = this.#times[last] as number;
    const order = this.#orders[last] as number;
    const value = this.#values[last] as T;
    this.#times.length = last;
    this.#orders.length = last;
    this.#values.length = last;
    if (last === 0) return first;
    let at = 0;
    for (let child = 1; child < last; child = 2 * at + 1) {
      if (child + 1 < last && this.#isBefore(child + 1, this.#times[child], this.#orders[child])) child++;
      if (!this.#isBefore(child, timeMs, order)) break;
      this.#move(child, at);
      at = child;
    }
    this.#set(at, timeMs, order, value);
    return first;
  }

  #isBefore(at: number, timeMs = 0, order = 0): boolean {
    const own = this.#times[at] as number;
    return own < timeMs || (own === timeMs && (this.#orders[at] as number) < order);
  }

  #move(from: number, to: number): void {
    this.#set(to, this.#times[from] as number, this.#orders[from] as number, this.#values[from] as T);
  }

  #set(at: number, timeMs: number, order: number, value: T): void {
    this.#times[at] = timeMs;
    this.#orders[at] = order;
    this.#values[at] = value;
  }
}
