/** A profile as .sswan, for strongSwan's Android app; the twin of sswan.ts. Called by export-as.ts. */
import { utf8 } from '#core/bytes/bytes.ts';
import { clearText } from '#core/profile/clear-text.ts';
import type { ExportedFile, ExportInputs } from '#core/profile/export-as.ts';
import { ikeTexts } from '#core/profile/export-proposals.ts';
import type { ExportReason } from '#core/profile/export-reason.ts';
import { fileNameOf } from '#core/profile/file-name.ts';
import { gatewayAuthenticationOf } from '#core/profile/needs.ts';
import type { Profile } from '#core/profile/profile.ts';

const EVERYTHING = '0.0.0.0/0,::/0';

export function toSswan(
  profile: Profile,
  { secrets, uuid }: ExportInputs,
): { readonly files: readonly ExportedFile[] } | { readonly problem: ExportReason } {
  const { gateway, authentication, ike, child, dns } = profile;
  const proof = gatewayAuthenticationOf(profile);
  if (authentication.method === 'psk' || proof.method === 'psk') {
    return { problem: { reason: 'sswan-no-psk' } };
  }
  const proposals = ikeTexts(ike);
  const password = clearText(secrets.password);
  const eap = 'methods' in authentication ? authentication : undefined;
  const pinned = 'certificate' in proof ? proof.certificate : undefined;
  const { crl, ocsp, strict } = proof.revocation;
  const value = {
    uuid: uuid(),
    name: profile.name,
    type: typeOf(authentication),
    remote: {
      addr: gateway.addresses[0],
      ...(gateway.port === 500 ? {} : { port: gateway.port }),
      ...(gateway.id === undefined ? {} : { id: gateway.id }),
      ...(pinned !== undefined || proof.ca[0] !== undefined ? { cert: pinned ?? proof.ca[0] } : {}),
      ...('sendCertreq' in proof && !proof.sendCertreq ? { certreq: false } : {}),
      ...(crl && ocsp && !strict ? {} : { revocation: { crl, ocsp, strict } }),
    },
    local: {
      ...(eap?.user === undefined ? {} : { eap_id: eap.user }),
      ...(authentication.localId === undefined ? {} : { id: authentication.localId }),
      ...(secrets.pkcs12 === undefined ? {} : { p12: secrets.pkcs12 }),
      ...(password === undefined ? {} : { shared_secret: password }),
      ...(authentication.rsaPss ? { 'rsa-pss': true } : {}),
    },
    ...(proposals.length > 0 ? { 'ike-proposal': proposals.join(' ') } : {}),
    ...(child.proposals.length > 0 ? { 'esp-proposal': child.proposals.join(' ') } : {}),
    ...(ike.natKeepaliveSec === 20 ? {} : { 'nat-keepalive': ike.natKeepaliveSec }),
    ...(profile.mtu === undefined ? {} : { mtu: profile.mtu }),
    ...(dns.servers.length > 0 ? { 'dns-servers': dns.servers } : {}),
    ...(child.remoteTs.join(',') === EVERYTHING ? {} : { 'split-tunneling': { subnets: child.remoteTs } }),
  };
  const text = `${JSON.stringify(value, undefined, 2)}\n`;
  return { files: [{ name: `${fileNameOf(profile.name)}.sswan`, content: utf8(text) }] };
}

function typeOf(authentication: Exclude<Profile['authentication'], { method: 'psk' }>): string {
  if (authentication.method === 'certificate') return 'ikev2-cert';
  if (authentication.method === 'certificate-eap') return 'ikev2-cert-eap';
  return authentication.methods.join(',') === 'tls' ? 'ikev2-eap-tls' : 'ikev2-eap';
}
