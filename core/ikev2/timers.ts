/**
 * The named deadlines of one connection or endpoint. A map and a minimum: a connection has fewer than a dozen, so
 * nothing cleverer pays. Called by lifecycle.ts.
 */
export class Timers<Name extends string> {
  readonly #deadlines = new Map<Name, number>();

  /** Arms or moves a deadline; `undefined` disarms it. */
  set(name: Name, at: number | undefined): void {
    if (at === undefined) this.#deadlines.delete(name);
    else this.#deadlines.set(name, at);
  }

  has(name: Name): boolean {
    return this.#deadlines.has(name);
  }

  clear(): void {
    this.#deadlines.clear();
  }

  /** The earliest deadline; `undefined` when nothing is armed. */
  next(): number | undefined {
    let earliest: number | undefined;
    for (const at of this.#deadlines.values()) if (earliest === undefined || at < earliest) earliest = at;
    return earliest;
  }

  /** Takes the earliest name whose deadline has come; it is disarmed by that. */
  takeDue(now: number): Name | undefined {
    let due: { readonly name: Name; readonly at: number } | undefined;
    for (const [name, at] of this.#deadlines) {
      if (at <= now && (due === undefined || at < due.at)) due = { name, at };
    }
    if (due !== undefined) this.#deadlines.delete(due.name);
    return due?.name;
  }
}
