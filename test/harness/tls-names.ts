/** Names of TLS servers as a client without a PKI of its own checks them (RFC 6125, node's check): for tests of EAP over TLS. */
import tls from 'node:tls';
import type { TlsTunnelOptions } from '#helper/tls/tls-tunnel.ts';

/** A `verifyPeer` for a server that has to carry `expected` as a dNSName or iPAddress (RFC 6125 rules, node's check). */
export function expectServerName(expected: string): TlsTunnelOptions['verifyPeer'] {
  return ({ certificate }) => {
    if (tls.checkServerIdentity(expected, certificate) === undefined) return undefined;
    const names = (certificate.subjectaltname ?? '').split(', ').filter((name) => name !== '');
    return { reason: 'wrong-name', expected, names };
  };
}
