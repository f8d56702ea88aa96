/** IANA "IKEv2 Parameters", Transform Type Values (RFC 7296 §3.3.2; ADDKE: RFC 9370; SN: RFC 9827). */
import { registry } from './registry.ts';

export const transformTypes = registry('Transform Type', [
  { id: 1, name: 'ENCR', title: 'Encryption Algorithm' },
  { id: 2, name: 'PRF', title: 'Pseudorandom Function' },
  { id: 3, name: 'INTEG', title: 'Integrity Algorithm' },
  { id: 4, name: 'KE', title: 'Key Exchange Method' },
  { id: 5, name: 'SN', title: 'Sequence Numbers' },
  { id: 6, name: 'ADDKE1', title: 'Additional Key Exchange 1' },
  { id: 7, name: 'ADDKE2', title: 'Additional Key Exchange 2' },
  { id: 8, name: 'ADDKE3', title: 'Additional Key Exchange 3' },
  { id: 9, name: 'ADDKE4', title: 'Additional Key Exchange 4' },
  { id: 10, name: 'ADDKE5', title: 'Additional Key Exchange 5' },
  { id: 11, name: 'ADDKE6', title: 'Additional Key Exchange 6' },
  { id: 12, name: 'ADDKE7', title: 'Additional Key Exchange 7' },
]);
