/**
 * Tells when the network or the machine's sleep has changed, without polling. linux.ts makes the real one,
 * network-watch-fake.ts the one of the tests; main.ts constructs it, the tunnels listen.
 */
export type NetworkChange =
  /** Addresses, links or routes of the machine changed (debounced; ours, i.e. adit TUN devices and our routing tables, are left out). */
  | { readonly what: 'network' }
  /** What tunnels have in force was taken away, by whomever (debounced): our own changes are told of, too. */
  | {
      readonly what: 'taken';
      readonly taken: readonly Taken[];
      /** It goes round, and that was said: whoever says something each time fills the log. */
      readonly again?: true;
    }
  /** The machine slept, or its clock jumped, by about this long. */
  | { readonly what: 'woke'; readonly sleptMs: number }
  /** logind says that it is about to sleep. */
  | { readonly what: 'sleeping' };

/** Something less of what a tunnel has in force. Not by asking the system: by what it tells of each change. */
export type Taken =
  /** Rules or routes of this table: systemd-networkd does that when it starts. */
  | { readonly part: 'routes'; readonly table: number }
  /** An address of this adapter (formatIp's text); the kernel takes the routes from it away, too, and says nothing of those. */
  | { readonly part: 'address'; readonly tun: string; readonly address: string }
  /** This adapter was switched off, and has lost its routes. Without `tun` it may be any. */
  | { readonly part: 'link'; readonly tun?: string }
  /** The firewall tables of this adapter, or something in them: `nft flush ruleset`. Without `tun` it may be anyone's. */
  | { readonly part: 'firewall'; readonly tun?: string }
  /** The table of lockdown, or something in it. */
  | { readonly part: 'lockdown' }
  /** /etc/resolv.conf was written, perhaps by us. */
  | { readonly part: 'dns' };

export interface NetworkWatch {
  /** Calls until the returned function is called. */
  subscribe(listener: (change: NetworkChange) => void): () => void;
  /** Which parts work here, for the doctor and the log: e.g. { rtnetlink: true, logind: false }. */
  readonly parts: Readonly<Record<string, boolean>>;
  /** Ends everything that watches; nobody is called afterwards. May be called twice. */
  close(): void;
}
