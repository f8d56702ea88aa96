/**
 * Apple's names of algorithms and Diffie-Hellman groups against the keywords of proposals, both ways. Called by
 * mobileconfig-ikev2.ts and export-mobileconfig.ts.
 */
type Names = Readonly<Record<string, string>>;

export const ENCRYPTION: Names = {
  '3DES': '3des',
  'AES-128': 'aes128',
  'AES-256': 'aes256',
  'AES-128-GCM': 'aes128gcm16',
  'AES-256-GCM': 'aes256gcm16',
  ChaCha20Poly1305: 'chacha20poly1305',
};
/** The first name of a keyword is the one that is written. */
export const INTEGRITY: Names = {
  'SHA1-96': 'sha1',
  'SHA1-160': 'sha1',
  'SHA2-256': 'sha256',
  'SHA2-384': 'sha384',
  'SHA2-512': 'sha512',
};
export const GROUP: Names = {
  '2': 'modp1024',
  '5': 'modp1536',
  '14': 'modp2048',
  '15': 'modp3072',
  '16': 'modp4096',
  '17': 'modp6144',
  '18': 'modp8192',
  '19': 'ecp256',
  '20': 'ecp384',
  '21': 'ecp521',
  '31': 'x25519',
  '32': 'x448',
};

/** PostQuantumKeyExchangeMethods: IANA's numbers, of which Apple has two. */
export const ADDITIONAL: Names = { '36': 'mlkem768', '37': 'mlkem1024' };

const nameOf = (names: Names, words: readonly string[]): string | undefined =>
  Object.entries(names).find(([, keyword]) => words.includes(keyword))?.[0];

/** The additional key exchanges of a proposal in their order up to the last one, the first choice of each; 0 is none. */
export function additionalMethodsOf(proposal: string): number[] {
  const methods = [1, 2, 3, 4, 5, 6, 7].map((slot) => {
    const choices = proposal
      .split('-')
      .flatMap((word) => (word.startsWith(`ke${slot}_`) ? [word.slice(4)] : []));
    return Number(nameOf(ADDITIONAL, choices) ?? 0);
  });
  return methods.slice(0, methods.findLastIndex((method) => method !== 0) + 1);
}

/** The three names of a proposal, or undefined where Apple has none for one. A Child SA without a group shows IKE's. */
export function algorithmsOf(
  proposal: string,
  protocol: 'IKE' | 'ESP',
  ikeProposal: string | undefined,
): { readonly encryption: string; readonly integrity: string; readonly group: string } | undefined {
  const words = proposal.split('-').map((word) => word.replace(/^prf/, ''));
  const encryption = nameOf(ENCRYPTION, words);
  const integrity = nameOf(INTEGRITY, words) ?? (protocol === 'ESP' ? 'SHA2-256' : undefined);
  const group =
    nameOf(GROUP, words) ??
    (protocol === 'ESP' ? (nameOf(GROUP, ikeProposal?.split('-') ?? []) ?? '14') : undefined);
  return encryption === undefined || integrity === undefined || group === undefined
    ? undefined
    : { encryption, integrity, group };
}
