/** Identities as they stand in IDi and IDr (RFC 7296 §3.5). */

export interface Identification {
  /** IANA ID Type: 1 ID_IPV4_ADDR, 2 ID_FQDN, 3 ID_RFC822_ADDR, 5 ID_IPV6_ADDR, 9 ID_DER_ASN1_DN, 10 ID_DER_ASN1_GN, 11 ID_KEY_ID. */
  readonly type: number;
  readonly data: Uint8Array;
}
