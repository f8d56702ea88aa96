/**
 * Tells when the network or the machine's sleep has changed, without polling. linux.ts makes the real one,
 * network-watch-fake.ts the one of the tests; main.ts constructs it, the tunnels listen.
 */

export type NetworkChange =
  /** Addresses, links or routes of the machine changed (debounced; ours, i.e. adit TUN devices and our routing tables, are left out). */
  | { readonly what: 'network' }
  /** Rules or routes of these tables of ours were taken away, by whomever (debounced): systemd-networkd does that when it starts. */
  | { readonly what: 'taken'; readonly tables: readonly number[] }
  /** The machine slept, or its clock jumped, by about this long. */
  | { readonly what: 'woke'; readonly sleptMs: number }
  /** logind says that it is about to sleep. */
  | { readonly what: 'sleeping' };

export interface NetworkWatch {
  /** Calls until the returned function is called. */
  subscribe(listener: (change: NetworkChange) => void): () => void;
  /** Which parts work here, for the doctor and the log: e.g. { rtnetlink: true, logind: false }. */
  readonly parts: Readonly<Record<string, boolean>>;
  /** Ends everything that watches; nobody is called afterwards. May be called twice. */
  close(): void;
}
