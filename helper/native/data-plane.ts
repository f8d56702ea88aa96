/**
 * The data plane as the helper sees it: packets never pass through here, only SAs, IKE datagrams and counters.
 * linux: data-plane-linux.ts over the addon in src/. Fake beside it: data-plane-fake.ts over core/esp.
 *
 * What a datagram is (RFC 3948 §2, RFC 7296 §2.23), by the socket's own port L and the peer's port R:
 *   1. the single octet 0xff is a keepalive, and ignored;
 *   2. where L or R is 500, everything is IKE without a marker. That covers a gateway's socket on 500, and a client's
 *      single socket for as long as it talks to the gateway's port 500;
 *   3. elsewhere four zero octets in front mark IKE, and everything else is ESP.
 * sendIke follows the same rule. ESP without UDP (IP protocol 50) has sockets of its own, on which there is nothing but ESP.
 * It does not serve a client whose port 4500 a NAT turned into 500. ESP is accepted on any
 * socket and from any peer address: only its ICV says whose it is.
 */
import type { ChildSa } from '#core/esp/child-sa.ts';
import type { EspCodec, Expiry } from '#core/esp/sa.ts';
import type { SaCounters } from '#core/esp/sa-counters.ts';
import type { SocketAddress } from '#core/net/address.ts';

export type { SaCounters } from '#core/esp/sa-counters.ts';

/** One socket that a data plane reads and writes. */
export interface UdpOptions {
  readonly family: 4 | 6;
  /** Address to bind; absent is any. */
  readonly address?: string;
  /** 0 lets the system choose. ESP has none: 0. */
  readonly port: number;
  /**
   * `esp`: ESP as IP protocol 50, without UDP around it; needs CAP_NET_RAW. Only packets with SPIs that are installed arrive.
   * Absent: UDP.
   */
  readonly protocol?: 'udp' | 'esp';
  /** SO_MARK, so that the socket's datagrams pass beside the tunnel's routes. */
  readonly mark?: number;
}

/**
 * Where outbound ESP of an SA goes. `socket` is the index in `DataPlaneOptions.sockets`: its protocol says whether ESP goes
 * in UDP or by itself. The port of `remote` means nothing without UDP.
 */
export interface EspPath {
  readonly socket: number;
  readonly remote: SocketAddress;
  /**
   * Packets that may leave back to back, 1 to 64. A peer that takes each packet by itself loses the end of long bursts
   * when its socket buffer is full; one that takes them together (UDP_GRO) is fastest with 64. Absent: 64.
   */
  readonly burst?: number;
}

/** What the system does for the data plane, as it was found when it was opened; for the log. Each lack costs speed only. */
export interface DataPlaneFeatures {
  /** The TUN tells about checksums and super-packets. Without it the next three are false. */
  readonly vnetHeader: boolean;
  /** TCP comes from the TUN uncut, over IPv4 and over IPv6. */
  readonly tso4: boolean;
  readonly tso6: boolean;
  /** UDP comes uncut and is taken joined (Linux 6.2). */
  readonly uso: boolean;
  /** Many datagrams leave in one call (UDP_SEGMENT, Linux 4.18). Neither this nor the next serves ESP without UDP. */
  readonly udpSegment: boolean;
  /** Many datagrams arrive in one piece (UDP_GRO, Linux 5.0). */
  readonly udpGro: boolean;
  /** What the peer sends lands on a connected socket, which the system finds without looking up a route (SO_REUSEPORT). */
  readonly connected: boolean;
  /** AES-GCM and outbound AES-CBC are those of libipsec-mb, which the addon was built with and which this processor suits. */
  readonly ipsecMb: boolean;
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

export interface DataPlaneStats {
  /** The newest first. */
  readonly children: readonly SaCounters[];
  /**
   * ESP with an SPI that no SA had when it came; without UDP such packets do not reach the data plane. 64 of them wait a second
   * for their SA, because a peer may send before we have verified its answer.
   */
  readonly unknownSpi: bigint;
  /** Datagrams too short for anything: ESP below 8 octets (the filter of ESP without UDP drops them), IKE below its header of 28. */
  readonly runts: bigint;
  /** Packets from the TUN that no SA's selectors take. */
  readonly noSa: bigint;
  /** Packets the system would not take, from the sockets or for the TUN: full queues, no route, an adapter that is down. */
  readonly sendErrors: bigint;
  /** IKE datagrams that came faster than JavaScript took them. At most 512 of them, or one MiB, wait. */
  readonly ikeDrops: bigint;
  /** Packets with congestion marked outside whose transport would not understand (RFC 6040 §4.2). */
  readonly ecnDrops: bigint;
  /** Packets from the TUN that were larger than the path takes, and whose senders were told so by ICMP. */
  readonly tooBig: bigint;
  /** What is known of the ways that SAs have. */
  readonly paths: readonly PathState[];
}

/** A way to a peer as the data plane knows it now. */
export interface PathState {
  readonly socket: number;
  /** The port is 0 without UDP. */
  readonly remote: SocketAddress;
  /** Octets of the largest outer packet that travels in one piece; 65,535 where the system could not say. */
  readonly mtu: number;
  /** Large packets vanished there without ICMP: `mtu` is a cautious one, for ten minutes. */
  readonly blackHole: boolean;
}

export interface DataPlaneEvents {
  onIke(datagram: IkeDatagram): void;
  /**
   * An SA met a hard limit and stopped by itself, both directions of it; its keys are wiped. Once an SA; its counters stay
   * until removeChild.
   */
  onExpired(spiIn: number, reason: Expiry): void;
  /**
   * ICMP says that a packet of ours did not reach this address, for any reason but its size. Anybody can forge that, so it is a
   * reason to ask the peer and no more (RFC 7296 §2.4). Once a second at most.
   */
  onUnreachable?(address: string): void;
  /**
   * TCP inside sends a large segment again and again, and nothing comes in from this address: its silence is to be told from a path
   * that swallows large packets alone (RFC 2923 §2.1). Any word of it will do. Twice a second at most.
   */
  onUnanswered?(address: string): void;
  /** A thread met an error it cannot go on from (the TUN vanished) and has ended. The other one goes on. */
  onFatal(what: string): void;
}

export interface DataPlane {
  /** In the order of the options; `port` is the real one as of now (renewPort), `protocol` absent is UDP. */
  readonly sockets: readonly {
    readonly family: 4 | 6;
    readonly port: number;
    readonly protocol?: 'udp' | 'esp';
  }[];
  readonly features: DataPlaneFeatures;
  /**
   * Sends IKE, with the non-ESP marker where the rule above says so; a keepalive goes as it is. What the system would
   * not take is counted in sendErrors and otherwise lost, as on the network.
   */
  sendIke(
    socket: number,
    remote: SocketAddress,
    bytes: Uint8Array,
    options?: { readonly keepalive?: boolean },
  ): void;
  /**
   * The newest SA whose selectors take a packet carries it. Copies the keys; the caller may wipe its own. Throws
   * TypeError on values that cannot be (the message names the field), Error when the SPI is taken or the data plane
   * cannot carry the SA: AUTH_AES_XCBC_96. The path says whether UDP is around ESP. One that stands by carries outbound packets only where
   * no SA that is there already does: the peer may not be ready to receive on it (RFC 7296 §2.8).
   */
  installChild(child: ChildSa, path: EspPath, options?: { readonly standby?: boolean }): void;
  /** Inbound and outbound end; keys are wiped before it returns. Here and below, unknown SPIs are ignored. */
  removeChild(spiIn: number): void;
  /** Stops carrying outbound packets on the SA, inbound stays: the first half of a switch at a rekey. */
  retireOutbound(spiIn: number): void;
  /** Without stopping, also between UDP and ESP by itself: packets under way go the old way. What was learned of the new way's MTU earlier is forgotten. */
  setPath(spiIn: number, path: EspPath): void;
  /**
   * Another port of the system's choice in place of the UDP socket's own, which a NAT on the way knows nothing of. What is on its way to the
   * old one is lost. Throws SystemError, and the old one stays.
   */
  renewPort(socket: number): void;
  stats(): DataPlaneStats;
  /**
   * Ends the threads, wipes the keys, closes sockets and TUN; events that wait are dropped. May be called again; every
   * other call then throws. An open data plane keeps the process alive, as an open socket does.
   */
  close(): void;
}

export interface DataPlaneOptions {
  readonly tun: Tun;
  readonly sockets: readonly UdpOptions[];
  readonly events: DataPlaneEvents;
}

/** An open TUN adapter. The data plane owns the descriptor once it has been given to `openDataPlane`, also where that throws. */
export interface Tun {
  readonly name: string;
  readonly fd: number;
}

/** A failure of the system as the addon throws it: `EADDRINUSE: Address already in use, bind '* port 500'`. */
export interface SystemError extends Error {
  /** EPERM, EADDRINUSE, ENOENT … */
  readonly code: string;
  /** open, ioctl TUNSETIFF, bind, setsockopt … */
  readonly syscall: string;
  readonly errno: number;
}

/**
 * What lies between a TUN and a socket, without either. A frame is what a TUN gives and takes: struct virtio_net_hdr (10
 * octets, host byte order), then the packet.
 */
export interface PacketPath {
  /** The ESP packets that a frame becomes. */
  send(frame: Uint8Array): readonly Uint8Array[];
  /** The frames that one batch of ESP packets becomes, under outer headers with this traffic class. */
  receive(esp: readonly Uint8Array[], trafficClass: number): readonly Uint8Array[];
  /** The frames for the TUN that the last calls of `send` answered with: ICMP "too big". */
  answers(): readonly Uint8Array[];
  /**
   * `ms` milliseconds later the system says `mtu` of the outer path (IPv4, UDP); what is believed then, and how often onUnanswered
   * would have come since the last call.
   */
  pathMtu(mtu: number, ms: number): { readonly mtu: number; readonly unanswered: number };
}

/** Everything the addon offers. Failures of the system throw SystemError. */
export interface NativePlatform {
  /** `name` may hold `%d`. The adapter goes when its descriptor is closed. */
  openTun(name: string): Tun;
  openDataPlane(options: DataPlaneOptions): DataPlane;
  /** SO_PEERCRED of a connected Unix socket. */
  peerCredentials(fd: number): { readonly pid: number; readonly uid: number; readonly gid: number };
  /** The packet functions of one SA without TUN and sockets: for the comparison with core/esp, in tests only. */
  openEspCodec(child: ChildSa): EspCodec;
}
