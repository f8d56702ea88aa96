/** IKEv2 Traffic Selector Types (IANA "IKEv2 Parameters"; RFC 7296 §3.13.1). Used by ikev2/payloads/ts.ts. */
import { registry } from './registry.ts';

/** `addressBytes`: octets of an address of the range. */
export const tsTypes = registry('TS Type', [
  { id: 7, name: 'TS_IPV4_ADDR_RANGE', addressBytes: 4 },
  { id: 8, name: 'TS_IPV6_ADDR_RANGE', addressBytes: 16 },
]);
