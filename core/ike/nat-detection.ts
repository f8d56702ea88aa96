/**
 * NAT detection: a hash of the SPIs and of an address and port, as it stands in NAT_DETECTION_SOURCE_IP and
 * NAT_DETECTION_DESTINATION_IP (RFC 7296 §2.23). The NAT detection task compares it with what really arrived.
 */
import { sha1 } from '@noble/hashes/legacy.js';
import { Writer } from '#core/bytes/writer.ts';
import { parseIp, type SocketAddress } from '#core/net/address.ts';

/** SHA-1(SPIi | SPIr | address | port), 20 octets. Throws RangeError when the address is not an IP address. */
export function natDetectionHash(spiI: Uint8Array, spiR: Uint8Array, at: SocketAddress): Uint8Array {
  const address = parseIp(at.address);
  if (!address) throw new RangeError(`"${at.address}" is not an IP address`);
  return sha1(new Writer().bytes(spiI).bytes(spiR).bytes(address).u16(at.port).finish());
}
