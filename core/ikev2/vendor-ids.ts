/**
 * Vendor IDs (RFC 7296 §3.12) that tell us something: the helper sends them and looks for them, tasks/vendor.ts carries
 * them. Readable in a capture on purpose.
 */
import { equal } from '../bytes/bytes.ts';

/** Whoever sends it takes 64 ESP packets that leave back to back in one piece (UDP_GRO), so that none is lost at its socket. */
export const TAKES_BURSTS: Uint8Array = Uint8Array.from('Adit: bursts 64', (letter) => letter.charCodeAt(0));

/** Packets that may leave back to back towards a peer that sent these. */
export function burstFor(vendorIds: readonly Uint8Array[]): number {
  return vendorIds.some((id) => equal(id, TAKES_BURSTS)) ? 64 : 16;
}
