/** A profile as Apple's .mobileconfig, for macOS and iOS; the twin of mobileconfig.ts. Called by export-as.ts. */
import { utf8 } from '#core/bytes/bytes.ts';
import { clearText } from '#core/profile/clear-text.ts';
import type { ExportedFile, ExportInputs } from '#core/profile/export-as.ts';
import type { ExportReason } from '#core/profile/export-reason.ts';
import { ikeTexts } from '#core/profile/export-proposals.ts';
import { fileNameOf } from '#core/profile/file-name.ts';
import { additionalMethodsOf, algorithmsOf } from '#core/profile/mobileconfig-algorithms.ts';
import { gatewayAuthenticationOf } from '#core/profile/needs.ts';
import type { Profile } from '#core/profile/profile.ts';

/** A property list's value; `data` is base64. */
type Value = string | number | boolean | { readonly data: string } | readonly Value[] | Dict;
type Dict = ReadonlyMap<string, Value>;

const dict = (...entries: readonly (readonly [string, Value | undefined])[]): Dict =>
  new Map(entries.flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])));

export function toMobileconfig(
  profile: Profile,
  { secrets, uuid }: ExportInputs,
): { readonly files: readonly ExportedFile[] } | { readonly problem: ExportReason } {
  const { authentication, gateway } = profile;
  const proof = gatewayAuthenticationOf(profile);
  if (authentication.method === 'certificate-eap') return { problem: { reason: 'apple-no-second-round' } };
  if (authentication.method !== 'eap' && authentication.method !== proof.method) {
    return { problem: { reason: 'apple-same-proof' } };
  }
  const eap = authentication.method === 'eap' ? authentication : undefined;
  const identity = secrets.pkcs12 === undefined ? undefined : uuid();
  const { ike, child, dns, mtu } = profile;
  const proposals = ikeTexts(ike);
  const revocation = proof.method === 'certificate' ? proof.revocation : undefined;
  const settings = dict(
    ['RemoteAddress', gateway.addresses[0]],
    ['RemoteIdentifier', gateway.id ?? gateway.addresses[0]],
    ['LocalIdentifier', authentication.localId ?? ''],
    ['AuthenticationMethod', METHODS[proof.method]],
    ['SharedSecret', proof.method === 'psk' ? clearText(secrets.psk) : undefined],
    ['PayloadCertificateUUID', identity],
    ['CertificateType', authentication.method !== 'psk' && authentication.rsaPss ? 'RSA-PSS' : undefined],
    ['ExtendedAuthEnabled', eap ? 1 : undefined],
    ['AuthName', eap?.user],
    ['AuthPassword', eap ? clearText(secrets.password) : undefined],
    ['DeadPeerDetectionRate', nearestRate(ike.livenessSec)],
    ['NATKeepAliveInterval', ike.natKeepaliveSec === 20 ? undefined : ike.natKeepaliveSec],
    ['DisableMOBIKE', ike.mobike ? undefined : 1],
    ['EnableCertificateRevocationCheck', revocation ? Number(revocation.crl || revocation.ocsp) : undefined],
    [
      'EnablePFS',
      child.proposals[0] === undefined
        ? undefined
        : Number(/(^|-)(modp|ecp|x25519|x448)/.test(child.proposals[0])),
    ],
    // Without the key beside it Apple refuses the file, which is better than a connection without.
    ['PPKIdentifier', ike.ppk?.id],
    ['PPK', ike.ppk && secrets.ppk !== undefined ? { data: secrets.ppk } : undefined],
    ['PPKMandatory', ike.ppk && Number(ike.ppk.required)],
    [
      'AllowPostQuantumKeyExchangeFallback',
      additionalMethodsOf(proposals[0] ?? '').length > 0
        ? Number(proposals.some((text) => additionalMethodsOf(text).length === 0))
        : undefined,
    ],
    ['MTU', mtu],
    ['IKESecurityAssociationParameters', parameters(proposals[0], 'IKE', ike.lifetimeSec, proposals[0])],
    [
      'ChildSecurityAssociationParameters',
      parameters(child.proposals[0], 'ESP', child.lifetimeSec, proposals[0]),
    ],
  );
  const ca = 'ca' in proof ? proof.ca : [];
  const payloads: Dict[] = [
    payload('com.apple.vpn.managed', profile.name, uuid, [
      ['UserDefinedName', profile.name],
      ['VPNType', 'IKEv2'],
      ['IKEv2', settings],
      [
        'DNS',
        dns.servers.length > 0
          ? dict(
              ['ServerAddresses', dns.servers],
              ['SupplementalMatchDomains', dns.domains.length > 0 ? dns.domains : undefined],
            )
          : undefined,
      ],
    ]),
    ...ca.map((certificate) =>
      payload('com.apple.security.root', 'Authority', uuid, [['PayloadContent', { data: certificate }]]),
    ),
  ];
  if (identity !== undefined && secrets.pkcs12 !== undefined) {
    payloads.push(
      payload('com.apple.security.pkcs12', 'Certificate', () => identity, [
        ['PayloadContent', { data: secrets.pkcs12 }],
        ['Password', clearText(secrets.pkcs12Password)],
      ]),
    );
  }
  const top = payload('Configuration', profile.name, uuid, [['PayloadContent', payloads]]);
  const text = `${HEADER}<plist version="1.0">\n${written(top)}\n</plist>\n`;
  return { files: [{ name: `${fileNameOf(profile.name)}.mobileconfig`, content: utf8(text) }] };
}

const HEADER = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
`;

const METHODS = { psk: 'SharedSecret', certificate: 'Certificate', 'eap-only': 'None' } as const;

function payload(
  type: string,
  title: string,
  uuid: () => string,
  entries: readonly (readonly [string, Value | undefined])[],
): Dict {
  const id = uuid();
  return dict(
    ['PayloadType', type],
    ['PayloadVersion', 1],
    ['PayloadIdentifier', `org.adit.${id}`],
    ['PayloadUUID', id],
    ['PayloadDisplayName', title],
    ...entries,
  );
}

/** Apple's rates in seconds. */
const RATES = [
  ['High', 60],
  ['Medium', 600],
  ['Low', 1800],
] as const;

function nearestRate(sec: number): string {
  if (sec === 0) return 'None';
  return RATES.find(([, rate]) => sec <= rate)?.[0] ?? 'Low';
}

/** Without algorithms nothing: a lone lifetime would bring Apple's default algorithms along. */
function parameters(
  proposal: string | undefined,
  protocol: 'IKE' | 'ESP',
  lifetimeSec: number,
  ikeProposal: string | undefined,
): Dict | undefined {
  const found = proposal === undefined ? undefined : algorithmsOf(proposal, protocol, ikeProposal);
  if (!found) return undefined;
  const additional = additionalMethodsOf(proposal ?? '');
  return dict(
    ['EncryptionAlgorithm', found.encryption],
    ['IntegrityAlgorithm', found.integrity],
    ['DiffieHellmanGroup', Number(found.group)],
    ['PostQuantumKeyExchangeMethods', additional.length > 0 ? additional : undefined],
    ['LifeTimeInMinutes', Math.min(Math.max(Math.round(lifetimeSec / 60), 10), 1440)],
  );
}

/** As it stands a carriage return would be read as a line's end (XML 1.0 §2.11). */
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('\r', '&#13;');

function written(value: Value, indent = ''): string {
  const inner = `${indent}  `;
  if (typeof value === 'string') return `${indent}<string>${escaped(value)}</string>`;
  if (typeof value === 'number') return `${indent}<integer>${value}</integer>`;
  if (typeof value === 'boolean') return `${indent}<${value}/>`;
  if (isDict(value)) {
    const entries = [...value].map(
      ([key, one]) => `${inner}<key>${escaped(key)}</key>\n${written(one, inner)}\n`,
    );
    return `${indent}<dict>\n${entries.join('')}${indent}</dict>`;
  }
  if ('data' in value) return `${indent}<data>${value.data}</data>`;
  return `${indent}<array>\n${value.map((one) => `${written(one, inner)}\n`).join('')}${indent}</array>`;
}

const isDict = (value: Value): value is Dict => value instanceof Map;
