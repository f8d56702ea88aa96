/**
 * The exported key table: everything that is needed to decrypt a capture of our own tunnel (Wireshark's IKEv2 and ESP
 * tables are written from it). Silent unless the configuration asks for it; tests and captures do, products do not.
 */
import { toHex } from '#core/bytes/bytes.ts';
import type { IkeSuite } from '#core/crypto/interfaces.ts';
import { describeEspSuite, describeIkeSuite } from '#core/crypto/suite.ts';
import type { ChildSa } from '#core/esp/child-sa.ts';
import type { IkeSa } from './ike-sa.ts';
import type { IkeKeys } from './key-material.ts';

/** Names of the algorithms as IANA writes them; the key length stands beside, where one is negotiated. */
const algorithms = ({ encryption, integrity }: Pick<IkeSuite, 'encryption' | 'integrity'>) => ({
  encryption: encryption.name,
  encryptionKeyBits: encryption.keyBits ?? encryption.keyBytes * 8,
  icvBytes: integrity?.icvBytes ?? encryption.icvBytes,
  integrity: integrity?.name ?? 'NONE',
});

/** Keys are copied: those of the SA are wiped one day. */
const copies = (keys: Readonly<Record<string, Uint8Array>>): Record<string, Uint8Array> =>
  Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, key.slice()]));

export function logIkeKeys(sa: IkeSa, suite: IkeSuite, keys: IkeKeys): void {
  sa.config.keyLog?.({
    kind: 'ike',
    fields: {
      spiI: sa.spiI.slice(),
      spiR: sa.spiR.slice(),
      suite: describeIkeSuite(suite),
      ...algorithms(suite),
      prf: suite.prf.name,
      keyExchange: suite.keyExchange.name,
      ...copies({ ...keys }),
    },
  });
}

export function logPpkKeys({ config, keys, spiI, spiR }: IkeSa): void {
  if (keys === undefined) throw new Error('a PPK before the keys');
  const { skD, skPi, skPr } = keys;
  config.keyLog?.({ kind: 'ppk', fields: copies({ spiI, spiR, skD, skPi, skPr }) });
}

export function logChildKeys(sa: IkeSa, name: string, child: ChildSa): void {
  sa.config.keyLog?.({
    kind: 'child',
    fields: {
      name,
      ikeSpiI: toHex(sa.spiI),
      ikeSpiR: toHex(sa.spiR),
      spiIn: child.spiIn,
      spiOut: child.spiOut,
      local: sa.path?.local.address ?? '',
      remote: sa.path?.remote.address ?? '',
      suite: describeEspSuite(child.suite),
      ...algorithms(child.suite),
      esn: child.suite.esn ? 1 : 0,
      ...copies({
        encryptionIn: child.keysIn.encryption,
        integrityIn: child.keysIn.integrity,
        encryptionOut: child.keysOut.encryption,
        integrityOut: child.keysOut.integrity,
      }),
    },
  });
}
