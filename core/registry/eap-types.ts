/**
 * EAP Method Types (IANA "Extensible Authentication Protocol (EAP) Registry"; RFC 3748 §5), under the names that people
 * use for them. Used by core/eap, by failures and by logs.
 */
import { registry } from './registry.ts';

export const eapTypes = registry('EAP Type', [
  { id: 1, name: 'Identity' },
  { id: 2, name: 'Notification' },
  { id: 3, name: 'Nak' },
  { id: 4, name: 'MD5' },
  { id: 5, name: 'OTP' },
  { id: 6, name: 'GTC' },
  { id: 13, name: 'TLS' },
  { id: 17, name: 'LEAP' },
  { id: 18, name: 'SIM' },
  { id: 21, name: 'TTLS' },
  { id: 23, name: 'AKA' },
  { id: 25, name: 'PEAP' },
  { id: 26, name: 'MSCHAPv2' },
  /** "MS-Authentication-TLV": how a PEAPv0 server ends its tunnel. */
  { id: 33, name: 'TLV' },
  { id: 43, name: 'FAST' },
  { id: 47, name: 'PSK' },
  { id: 49, name: 'IKEv2' },
  { id: 50, name: 'AKA_PRIME' },
  { id: 51, name: 'GPSK' },
  { id: 52, name: 'PWD' },
  { id: 55, name: 'TEAP' },
  { id: 254, name: 'Expanded' },
  { id: 255, name: 'Experimental' },
]);

/** `EapType.MSCHAPv2` is 26. */
export const EapType = eapTypes.byName;
