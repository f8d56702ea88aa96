/** Deadlines of many connections with their minimum at hand. endpoint.ts asks after every datagram. */
export class DeadlineIndex<Owner> {
  readonly #deadlines = new Map<Owner, number>();
  #earliest: number | undefined;
  /** The minimum may have moved up and is looked for again when somebody asks. */
  #stale = false;

  /** `undefined` takes the owner out. */
  set(owner: Owner, at: number | undefined): void {
    const before = this.#deadlines.get(owner);
    if (at === before) return;
    if (at === undefined) this.#deadlines.delete(owner);
    else this.#deadlines.set(owner, at);
    if (before !== undefined && before === this.#earliest) this.#stale = true;
    if (at !== undefined && (this.#earliest === undefined || at < this.#earliest)) {
      this.#earliest = at;
      this.#stale = false;
    }
  }

  earliest(): number | undefined {
    if (this.#stale) {
      this.#earliest = undefined;
      for (const at of this.#deadlines.values()) {
        if (this.#earliest === undefined || at < this.#earliest) this.#earliest = at;
      }
      this.#stale = false;
    }
    return this.#earliest;
  }

  /** Those whose time has come. */
  due(now: number): Owner[] {
    return [...this.#deadlines].filter(([, at]) => at <= now).map(([owner]) => owner);
  }
}
