/**
 * Tells when nftables tables of tunnels, or that of lockdown, lose something, from a NETLINK_NETFILTER socket. A table that is replaced in one transaction
 * is made again right after it has gone. Used by linux.ts.
 */
import { NETLINK_NETFILTER, type WatchSources } from '#helper/native/watch.ts';
import { adapterOfTable } from '../firewall/ruleset.ts';
import { LOCKDOWN_TABLE } from '../lockdown/ruleset.ts';
import { NetlinkError } from './netlink.ts';
import { NetlinkListener } from './netlink-listener.ts';
import { decodeTables, NFTABLES_GROUP, type TableMessage } from './nftables.ts';

/** Whose table it is; of `any`, it is not known. */
export type TableOwner = { readonly tun: string } | 'lockdown' | 'any';

interface TableEvents {
  /** The table `key` has less in it. */
  readonly less: (key: string, whose: TableOwner) => void;
  /** The table `key` is whole again. */
  readonly made: (key: string) => void;
  /** Called once, when nothing more is heard. */
  readonly failed: (error: Error) => void;
}

export class TableWatch {
  readonly #listener: NetlinkListener;
  readonly #events: TableEvents;

  /** Throws SystemError where the system has no such socket. */
  constructor(sources: WatchSources, events: TableEvents) {
    this.#events = events;
    this.#listener = new NetlinkListener(sources, NETLINK_NETFILTER, [NFTABLES_GROUP], {
      heard: (datagrams, lost) => this.#heard(datagrams, lost),
      failed: events.failed,
    });
  }

  close(): void {
    this.#listener.close();
  }

  #heard(datagrams: readonly Uint8Array[], lost: boolean): void {
    if (lost) this.#events.less('any', 'any');
    for (const message of datagrams.flatMap((datagram) => this.#decode(datagram))) this.#tell(message);
  }

  #tell({ what, family, table }: TableMessage): void {
    const whose = ownerOf(table);
    if (whose === undefined) return;
    const key = `${family} ${table}`;
    if (what === 'made') this.#events.made(key);
    else this.#events.less(key, whose);
  }

  /** What cannot be read may have said anything. */
  #decode(datagram: Uint8Array): TableMessage[] {
    try {
      return decodeTables(datagram);
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error;
      this.#events.less('any', 'any');
      return [];
    }
  }
}

function ownerOf(table: string): TableOwner | undefined {
  if (table === LOCKDOWN_TABLE) return 'lockdown';
  const tun = adapterOfTable(table);
  return tun === undefined ? undefined : { tun };
}
