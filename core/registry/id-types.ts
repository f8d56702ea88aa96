/** IKEv2 Identification Payload ID Types (IANA "IKEv2 Parameters"; RFC 7296 §3.5). Used by ike/identification.ts. */
import { registry } from './registry.ts';

export const idTypes = registry('ID Type', [
  { id: 1, name: 'ID_IPV4_ADDR' },
  { id: 2, name: 'ID_FQDN' },
  { id: 3, name: 'ID_RFC822_ADDR' },
  { id: 5, name: 'ID_IPV6_ADDR' },
  { id: 9, name: 'ID_DER_ASN1_DN' },
  { id: 10, name: 'ID_DER_ASN1_GN' },
  { id: 11, name: 'ID_KEY_ID' },
  { id: 12, name: 'ID_FC_NAME' },
  { id: 13, name: 'ID_NULL' },
]);

export const IdType = idTypes.byName;
