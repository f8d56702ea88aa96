/**
 * What a profile without proposals of its own offers: something that strongSwan, libreswan, Windows, Cisco, Fortinet and
 * MikroTik gateways accept as they are delivered, as far as that is possible without a weak algorithm.
 */
import type { Proposal } from '#core/ike/proposal.ts';
import { parseProposals } from './keywords.ts';

/**
 * Our first group is our guess in IKE_SA_INIT; a wrong guess costs a round trip (INVALID_KE_PAYLOAD). ecp256 first: most
 * gateways have it, and some (Zyxel) drop a KE payload of a group above 21 without an answer, so a first guess of
 * curve25519 would end in a time-out there. Then the other curves, which are quick here; MODP for what knows nothing
 * else, 2048 bits last as the shortest that is still sound (RFC 8247 §2.4).
 */
const GROUPS = 'ecp256-curve25519-ecp384-ecp521-modp3072-modp4096-modp2048';

/**
 * AEAD first, and apart from the others (RFC 7296 §3.3). SHA-1 as HMAC is sound and closes the list, because MikroTik and older
 * Cisco and Windows gateways are delivered with nothing else.
 */
export const DEFAULT_IKE_TEXTS = [
  `aes256gcm16-aes128gcm16-chacha20poly1305-prfsha384-prfsha256-prfsha512-${GROUPS}`,
  `aes256-aes128-sha256-sha384-sha512-sha1-${GROUPS}`,
] as const;

/**
 * No group: the first Child SA takes its keys from IKE_SA_INIT, so IKE_AUTH must not name one (RFC 7296 §1.2). Both kinds of
 * sequence numbers, as §3.3.2 wants; 32-bit ones first, because every gateway has them in its fast path, and an SA is
 * rekeyed long before they run out at the rates of a client.
 */
const ESP = [
  'aes256gcm16-aes128gcm16-chacha20poly1305-noesn-esn',
  'aes256-aes128-sha256-sha384-sha512-sha1-noesn-esn',
] as const;

/** For IKE_SA_INIT, with an empty SPI. */
export const defaultIkeProposals = (): Proposal[] => parseProposals(DEFAULT_IKE_TEXTS, 'IKE');

/** For IKE_AUTH, without a key exchange method; the caller puts in the SPI. */
export const defaultEspProposals = (): Proposal[] => parseProposals(ESP, 'ESP');
