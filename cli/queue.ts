/** Values that come when they come, read one after the other. client.ts keeps one a topic. */
export class Queue<T> {
  readonly #values: T[] = [];
  #waiting: { readonly resolve: (value: T) => void; readonly reject: (error: Error) => void } | undefined;
  #error: Error | undefined;

  push(value: T): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) waiting.resolve(value);
    else this.#values.push(value);
  }

  /** Readers get what is left, then the error. */
  fail(error: Error): void {
    this.#error = error;
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }

  /** For one reader at a time. */
  next(): Promise<T> {
    if (this.#values.length > 0) return Promise.resolve(this.#values.shift() as T);
    if (this.#error) return Promise.reject(this.#error);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }
}
