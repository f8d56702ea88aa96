/**
 * The data plane as the helper sees it: packets never pass through here, only SAs, IKE datagrams and counters.
 * linux: data-plane-linux.ts over the addon in src/. Fake beside it: data-plane-fake.ts over core/esp.
 */
import type { ChildSa } from '#core/esp/child-sa.ts';
import type { SocketAddress } from '#core/net/address.ts';

/** One UDP socket that a data plane reads and writes. */
export interface UdpOptions {
  readonly family: 4 | 6;
  /** Address to bind; absent is any. */
  readonly address?: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** SO_MARK, so that the socket's datagrams pass beside the tunnel's routes. */
  readonly mark?: number;
}

/** Where outbound ESP of an SA goes. `socket` is the index in `DataPlaneOptions.sockets`. */
export interface EspPath {
  readonly socket: number;
  readonly remote: SocketAddress;
}

export interface IkeDatagram {
  /** Index of the socket it came through. */
  readonly socket: number;
  readonly remote: SocketAddress;
  /** The address it was sent to (IP_PKTINFO), with the socket's port. */
  readonly local: SocketAddress;
  /** Without the non-ESP marker. */
  readonly bytes: Uint8Array;
}

/** Counters of one Child SA; both directions. All are totals since it was installed. */
export interface SaCounters {
  readonly spiIn: number;
  readonly spiOut: number;
  readonly bytesIn: bigint;
  readonly bytesOut: bigint;
  readonly packetsIn: bigint;
  readonly packetsOut: bigint;
  readonly replayDrops: bigint;
  readonly authFailures: bigint;
  /** Decrypted, but outside the negotiated selectors. */
  readonly selectorDrops: bigint;
  /** Bad padding, next header or inner packet after a good ICV. */
  readonly malformedDrops: bigint;
  /** Outbound packets left before the sequence number or the hard limit ends the SA. */
  readonly packetsLeft: bigint;
}

export interface DataPlaneStats {
  readonly children: readonly SaCounters[];
  /** ESP with an SPI that no SA has. */
  readonly unknownSpi: bigint;
  /** Datagrams too short for anything. */
  readonly runts: bigint;
  /** Packets from the TUN that no SA's selectors take. */
  readonly noSa: bigint;
  /** Packets the system would not take: full queues. */
  readonly sendErrors: bigint;
}

export interface DataPlaneEvents {
  onIke(datagram: IkeDatagram): void;
  /** An SA reached a hard limit and stopped by itself. */
  onExpired(spiIn: number, reason: 'sequence' | 'bytes' | 'packets'): void;
  /** A thread met an error it cannot go on from (the TUN vanished). */
  onFatal(what: string): void;
}

export interface DataPlane {
  /** Bound addresses, in the order of the options; `port` is the real one. */
  readonly sockets: readonly { readonly family: 4 | 6; readonly port: number }[];
  /** Sends IKE. The non-ESP marker is put in front unless the remote port is 500 or the datagram is a keepalive. */
  sendIke(
    socket: number,
    remote: SocketAddress,
    bytes: Uint8Array,
    options?: { readonly keepalive?: boolean },
  ): void;
  /** The newest SA whose selectors take a packet carries it. Copies the keys; the caller may wipe its own. */
  installChild(child: ChildSa, path: EspPath): void;
  /** Inbound and outbound end; keys are wiped before it returns. Unknown SPIs are ignored. */
  removeChild(spiIn: number): void;
  /** Stops carrying outbound packets on the SA, inbound stays: the first half of a switch at a rekey. */
  retireOutbound(spiIn: number): void;
  setPath(spiIn: number, path: EspPath): void;
  stats(): DataPlaneStats;
  /** Ends the threads, wipes the keys, closes sockets and TUN. */
  close(): void;
}

export interface DataPlaneOptions {
  readonly tun: Tun;
  readonly sockets: readonly UdpOptions[];
  readonly events: DataPlaneEvents;
}

/** An open TUN adapter. The data plane owns the descriptor once it has been given to `open`. */
export interface Tun {
  readonly name: string;
  readonly fd: number;
}

/** Everything the addon offers. Failures of the system throw SystemError with `code` (EPERM, EADDRINUSE, ENOENT …) and `syscall`. */
export interface NativePlatform {
  /** `name` may hold `%d`. The adapter goes when its descriptor is closed. */
  openTun(name: string): Tun;
  openDataPlane(options: DataPlaneOptions): DataPlane;
  /** SO_PEERCRED of a connected Unix socket. */
  peerCredentials(fd: number): { readonly pid: number; readonly uid: number; readonly gid: number };
}
