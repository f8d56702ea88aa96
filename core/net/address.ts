/**
 * IP addresses and prefixes as octets (4 or 16 of them), with their text forms. Text comes from people and files;
 * inside, an address is a Uint8Array. (RFC 4291, RFC 5952 for the canonical text of IPv6.)
 */

/** 4 octets (IPv4) or 16 (IPv6), network byte order. */
export type IpAddress = Uint8Array;

/** A host's address and UDP port, as text for sockets, logs and status. */
export interface SocketAddress {
  /** Canonical text, without a scope or brackets. */
  readonly address: string;
  readonly port: number;
}

/** Where datagrams of an IKE SA travel: our end and the peer's. */
export interface Path {
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
}

/** An address with a prefix length. */
export interface Prefix {
  readonly address: IpAddress;
  readonly length: number;
}
