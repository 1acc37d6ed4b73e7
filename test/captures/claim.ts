/** One claim about captures or messages: throws where it does not hold. */
export interface Claim {
  readonly name: string;
  check(): void | Promise<void>;
}
