/** Steps while something takes time: one line that changes at a terminal, a line each elsewhere. */
export class Progress {
  readonly #stream: { readonly isTTY?: boolean; write(text: string): unknown };
  readonly #silent: boolean;
  #shown = '';

  constructor(stream: { readonly isTTY?: boolean; write(text: string): unknown }, silent: boolean) {
    this.#stream = stream;
    this.#silent = silent;
  }

  show(step: string): void {
    if (this.#silent || step === this.#shown) return;
    this.#shown = step;
    this.#stream.write(this.#stream.isTTY === true ? `\r\u001b[K${step}…` : `${step}…\n`);
  }

  /** Takes the changing line away. */
  end(): void {
    if (!this.#silent && this.#stream.isTTY === true) this.#stream.write('\r\u001b[K');
  }
}
