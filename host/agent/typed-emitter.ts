// Events with names and arguments the compiler knows. A listener that throws harms nobody else: its error is thrown again on its own.

export type Listeners<Events> = { readonly [Name in keyof Events]: (...args: never[]) => void };

export class TypedEmitter<Events extends Listeners<Events>> {
  readonly #listeners = new Map<keyof Events, Set<Events[keyof Events]>>();

  on<Name extends keyof Events>(name: Name, listener: Events[Name]): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  emit<Name extends keyof Events>(name: Name, ...args: Parameters<Events[Name]>): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        (listener as (...args: Parameters<Events[Name]>) => void)(...args);
      } catch (error) {
        // As if the listener had run on its own: the program hears of it, the agent goes on.
        setTimeout(() => {
          throw error;
        });
      }
    }
  }
}
