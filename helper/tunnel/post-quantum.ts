/**
 * What of an IKE SA a quantum computer of tomorrow could not undo, from how it came to stand. Child SAs and successors have
 * their keys from it (RFC 7296 §2.17, §2.18), so association.ts asks once a connection, and a rekeying changes nothing.
 */
import type { IkeSuite } from '#core/crypto/interfaces.ts';
import type { PostQuantum } from '#core/ipc/contract.ts';

/** Of `ike-established`. */
interface Keyed {
  readonly suite: Pick<IkeSuite, 'keyExchange' | 'additional'>;
  /** A post-quantum pre-shared key is in the keys (RFC 8784). */
  readonly ppk?: true;
}

export function postQuantumOf({ suite, ppk }: Keyed): PostQuantum[] {
  const methods = [suite.keyExchange, ...(suite.additional ?? []).map(({ keyExchange }) => keyExchange)];
  return [
    ...(methods.some(({ name }) => name.startsWith('ml-kem-')) ? (['ml-kem'] as const) : []),
    ...(ppk === true ? (['ppk'] as const) : []),
  ];
}
