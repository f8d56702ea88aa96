/**
 * The suites that interop runs through, in the keywords that strongSwan and Adit share. Between them: every DH group
 * that both have, every cipher, integrity algorithm and PRF.
 */
interface SuiteRow {
  readonly ike: string;
  readonly esp: string;
  /** What `ike.weak` must show; most rows: nothing. */
  readonly weak?: readonly string[];
}

export const SUITES: readonly SuiteRow[] = [
  { ike: 'aes256gcm16-prfsha384-ecp384', esp: 'aes256gcm16' },
  { ike: 'aes128gcm16-prfsha256-ecp256', esp: 'aes128gcm16' },
  { ike: 'aes192gcm12-prfsha512-ecp521', esp: 'aes192gcm12' },
  { ike: 'aes256gcm8-prfsha256-ecp256bp', esp: 'aes256gcm8' },
  { ike: 'chacha20poly1305-prfsha256-curve25519', esp: 'chacha20poly1305' },
  { ike: 'aes256ccm16-prfsha384-ecp384bp', esp: 'aes256ccm16' },
  { ike: 'aes192ccm12-prfsha256-ecp512bp', esp: 'aes192ccm12' },
  { ike: 'aes128ccm8-prfsha512-modp2048', esp: 'aes128ccm8' },
  { ike: 'aes128-sha256-curve25519', esp: 'aes128-sha256' },
  { ike: 'aes256-sha1-modp2048', esp: 'aes256-sha1' },
  { ike: 'aes192-sha384-modp3072', esp: 'aes192-sha384' },
  { ike: 'aes256-sha512-modp4096', esp: 'aes256-sha512' },
  { ike: 'aes128ctr-sha256-curve448', esp: 'aes128ctr-sha256' },
  { ike: 'aes256ctr-sha512-ecp256', esp: 'aes256ctr-sha512' },
  { ike: 'aes128-sha256-prfaesxcbc-modp2048', esp: 'aes128-sha256' },
  { ike: 'aes128-sha256-prfaescmac-ecp256', esp: 'aes128-sha256' },
  { ike: 'aes256-sha256-modp6144', esp: 'aes256-sha256' },
  { ike: 'aes256-sha256-modp8192', esp: 'aes256-sha256' },
  { ike: '3des-md5-modp1024', esp: '3des-md5', weak: ['3DES', 'MD5', 'MODP_1024'] },
  { ike: 'aes128-sha1-modp1536', esp: 'aes128-sha1', weak: ['MODP_1536'] },
];
