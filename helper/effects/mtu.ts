/**
 * The MTU of the adapter: the largest inner packet whose ESP packet fits the path (RFC 4303 §2, RFC 3948). Pure;
 * called by the tunnel manager when a suite or a path is known.
 */
import type { EspSuite } from '#core/crypto/interfaces.ts';

interface MtuInput {
  /** Octets of the largest IP packet the path takes. */
  readonly pathMtu: number;
  /** Of the gateway's address. */
  readonly outerFamily: 4 | 6;
  readonly suite: Pick<EspSuite, 'encryption' | 'integrity'>;
  readonly encapsulation: 'udp' | 'none';
  /** IPv6 travels inside: the floor is then 1280 (RFC 8200 §5), otherwise 576. */
  readonly innerIpv6: boolean;
}

const IP_HEADER = { 4: 20, 6: 40 } as const;
const UDP_HEADER = 8;
/** SPI and sequence number. The upper half of an extended one is not sent. */
const ESP_HEADER = 8;
/** Pad length and next header. */
const ESP_TRAILER = 2;
const LARGEST_PACKET = 65_535;

/** Octets. On a path too narrow for the floor the outer packets are fragmented instead. */
export function tunnelMtu({ pathMtu, outerFamily, suite, encapsulation, innerIpv6 }: MtuInput): number {
  const block = blockOf(suite);
  const room = Math.min(pathMtu, LARGEST_PACKET) - overhead(outerFamily, suite, encapsulation);
  return Math.max(Math.floor(room / block) * block - ESP_TRAILER, innerIpv6 ? 1280 : 576);
}

/** Ciphertext ends on a 4-octet boundary, whatever the cipher's own block is (RFC 4303 §2.4). */
const blockOf = ({ encryption }: MtuInput['suite']): number => Math.max(encryption.blockBytes, 4);

function overhead(
  family: 4 | 6,
  { encryption, integrity }: MtuInput['suite'],
  encapsulation: 'udp' | 'none',
): number {
  const icv = encryption.icvBytes + (integrity?.icvBytes ?? 0);
  const udp = encapsulation === 'udp' ? UDP_HEADER : 0;
  return IP_HEADER[family] + udp + ESP_HEADER + encryption.ivBytes + icv;
}
