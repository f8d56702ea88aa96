/**
 * Tells when nftables tables of tunnels lose something, from a NETLINK_NETFILTER socket. A table that is replaced in one transaction
 * is made again right after it has gone. Used by linux.ts.
 */
import { NETLINK_NETFILTER, type WatchSources } from '#helper/native/watch.ts';
import { adapterOfTable } from '../firewall/ruleset.ts';
import { NetlinkError } from './netlink.ts';
import { NetlinkListener } from './netlink-listener.ts';
import { decodeTables, NFTABLES_GROUP, type TableMessage } from './nftables.ts';

interface TableEvents {
  /** The table `key` of this adapter has less in it; without `tun` any table may. */
  readonly less: (key: string, tun?: string) => void;
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
    if (lost) this.#events.less('any');
    for (const message of datagrams.flatMap((datagram) => this.#decode(datagram))) this.#tell(message);
  }

  #tell({ what, family, table }: TableMessage): void {
    const tun = adapterOfTable(table);
    if (tun === undefined) return;
    const key = `${family} ${table}`;
    if (what === 'made') this.#events.made(key);
    else this.#events.less(key, tun);
  }

  /** What cannot be read may have said anything. */
  #decode(datagram: Uint8Array): TableMessage[] {
    try {
      return decodeTables(datagram);
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error;
      this.#events.less('any');
      return [];
    }
  }
}
