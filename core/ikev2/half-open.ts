/** The IKE SAs that wait for IKE_AUTH, counted by address: what strangers may cost (RFC 7296 §2.6). endpoint.ts owns it. */
export class HalfOpen<Owner> {
  readonly #addresses = new Map<Owner, string>();
  readonly #counts = new Map<string, number>();

  get size(): number {
    return this.#addresses.size;
  }

  of(address: string): number {
    return this.#counts.get(address) ?? 0;
  }

  add(owner: Owner, address: string): void {
    this.#addresses.set(owner, address);
    this.#counts.set(address, this.of(address) + 1);
  }

  /** Forgets one; nothing happens to one that is not counted. */
  delete(owner: Owner): void {
    const address = this.#addresses.get(owner);
    if (address === undefined) return;
    this.#addresses.delete(owner);
    const left = this.of(address) - 1;
    if (left === 0) this.#counts.delete(address);
    else this.#counts.set(address, left);
  }
}
