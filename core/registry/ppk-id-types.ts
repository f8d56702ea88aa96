/** IKEv2 Post-quantum Preshared Key ID Types (IANA "IKEv2 Parameters"; RFC 8784 §5.1). Used by core/ikev2/ppk.ts. */
import { registry } from './registry.ts';

export const ppkIdTypes = registry('PPK_ID Type', [
  { id: 1, name: 'PPK_ID_OPAQUE', meaning: 'a format that both ends have agreed on elsewhere' },
  { id: 2, name: 'PPK_ID_FIXED', meaning: 'octets that are configured with the key' },
]);

export const PpkIdType = ppkIdTypes.byName;
