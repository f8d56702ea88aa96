/**
 * IANA "IKEv2 Parameters", Transform Type Values (RFC 7296 §3.3.2), by IANA's abbreviations. ADDKE: additional key
 * exchanges (RFC 9370); SN: sequence numbers, ESN before RFC 9827. Used by SA payloads and core/crypto.
 */
import { registry } from './registry.ts';

export const transformTypes = registry('Transform Type', [
  { id: 1, name: 'ENCR' },
  { id: 2, name: 'PRF' },
  { id: 3, name: 'INTEG' },
  { id: 4, name: 'KE' },
  { id: 5, name: 'SN' },
  { id: 6, name: 'ADDKE1' },
  { id: 7, name: 'ADDKE2' },
  { id: 8, name: 'ADDKE3' },
  { id: 9, name: 'ADDKE4' },
  { id: 10, name: 'ADDKE5' },
  { id: 11, name: 'ADDKE6' },
  { id: 12, name: 'ADDKE7' },
]);
