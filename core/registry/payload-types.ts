/**
 * IKEv2 Payload Types (IANA "IKEv2 Parameters"; RFC 7296 §3.2). The names are IANA's notation column, except that
 * Ni and Nr, which share a number, are NONCE. ikev2/payload-table.ts joins them to their codecs.
 */
import { registry } from './registry.ts';

export const payloadTypes = registry('Payload Type', [
  { id: 33, name: 'SA' },
  { id: 34, name: 'KE' },
  { id: 35, name: 'IDi' },
  { id: 36, name: 'IDr' },
  { id: 37, name: 'CERT' },
  { id: 38, name: 'CERTREQ' },
  { id: 39, name: 'AUTH' },
  { id: 40, name: 'NONCE' },
  { id: 41, name: 'N' },
  { id: 42, name: 'D' },
  { id: 43, name: 'V' },
  { id: 44, name: 'TSi' },
  { id: 45, name: 'TSr' },
  { id: 46, name: 'SK' },
  { id: 47, name: 'CP' },
  { id: 48, name: 'EAP' },
  /** Encrypted and Authenticated Fragment (RFC 7383). */
  { id: 53, name: 'SKF' },
]);

export const PayloadType = payloadTypes.byName;
