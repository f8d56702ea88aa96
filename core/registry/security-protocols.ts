/** IKEv2 Security Protocol Identifiers (IANA "IKEv2 Parameters"; RFC 7296 §3.3.1). Used by SA, N and D payloads. */
import { registry } from './registry.ts';

/** `spiBytes`: octets of an SPI of this protocol in a Delete payload and in a rekeying proposal. */
export const securityProtocols = registry('Security Protocol', [
  { id: 1, name: 'IKE', spiBytes: 8 },
  { id: 2, name: 'AH', spiBytes: 4 },
  { id: 3, name: 'ESP', spiBytes: 4 },
]);

export const SecurityProtocol = securityProtocols.byName;
