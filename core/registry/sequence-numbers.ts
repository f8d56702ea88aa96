/**
 * IANA "IKEv2 Parameters", Transform Type 5 (Sequence Numbers). RFC 9827 renamed it and its values; in the proposals
 * that people write they are still `noesn` and `esn` (RFC 4303 §2.2.1).
 */
import { registry } from './registry.ts';

export const sequenceNumbers = registry('Sequence Numbers', [
  { id: 0, name: '32-bit Sequential Numbers' },
  { id: 1, name: 'Partially Transmitted 64-bit Sequential Numbers' },
  { id: 2, name: '32-bit Unspecified Numbers' },
]);
