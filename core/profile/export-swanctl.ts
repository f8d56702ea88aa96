/**
 * A profile as swanctl.conf with the certificates and keys as files beside it, as strongSwan wants them below
 * /etc/swanctl; the twin of swanctl.ts. Called by export-as.ts.
 */
import { fromBase64 } from '#core/bytes/base64.ts';
import { equal, utf8 } from '#core/bytes/bytes.ts';
import { parseIdentification } from '#core/ike/identification.ts';
import { shapeOf } from '#core/profile/certificate-shape.ts';
import { clearText } from '#core/profile/clear-text.ts';
import type { ExportedFile, ExportInputs } from '#core/profile/export-as.ts';
import { ikeTexts } from '#core/profile/export-proposals.ts';
import { fileNameOf } from '#core/profile/file-name.ts';
import { gatewayAuthenticationOf } from '#core/profile/needs.ts';
import type { Profile, Secrets } from '#core/profile/profile.ts';

/** A setting, or a section of more. */
type Entry = readonly [name: string, value: string | readonly Entry[]];

export function toSwanctl(
  profile: Profile,
  { secrets }: ExportInputs,
): { readonly files: readonly ExportedFile[] } {
  const name = fileNameOf(profile.name);
  const beside: ExportedFile[] = [];
  const put = (suffix: string, content: Uint8Array): string => {
    beside.push({ name: `${name}-${suffix}`, content });
    return `${name}-${suffix}`;
  };
  const { gateway, ike, child, request } = profile;
  const proposals = ikeTexts(ike);
  const vips = [...(request.ip4 ? ['0.0.0.0'] : []), ...(request.ip6 ? ['::'] : [])];
  const connection: Entry[] = [
    ['version', '2'],
    ['remote_addrs', gateway.addresses.join(', ')],
    ...(gateway.port === 500 ? [] : [['remote_port', String(gateway.port)] as const]),
    ...(ike.localPort === 0 ? [] : [['local_port', String(ike.localPort)] as const]),
    ...(proposals.length > 0 ? [['proposals', proposals.join(', ')] as const] : []),
    ...(vips.length > 0 ? [['vips', vips.join(', ')] as const] : []),
    ['encap', ike.encapsulation === 'force' ? 'yes' : 'no'],
    ['dpd_delay', `${ike.livenessSec}s`],
    ['rekey_time', `${ike.lifetimeSec}s`],
    ['over_time', '0s'],
    ...(ike.mobike ? [] : [['mobike', 'no'] as const]),
    ...(ike.fragmentBytes === 0 ? [['fragmentation', 'no'] as const] : []),
    ...(ike.initialContact ? [] : [['unique', 'never'] as const]),
    ...(ike.ppk ? ppkEntries(ike.ppk) : []),
    ...localRounds(profile, put),
    ['remote', remoteRound(profile, put)],
    ['children', [[fileNameOf(child.name), childEntries(child)]]],
  ];
  const text = written([
    ['connections', [[name, connection]]],
    ['secrets', secretEntries(profile, secrets, put)],
  ]);
  return { files: [{ name: `${name}.conf`, content: utf8(text) }, ...beside] };
}

/** strongSwan takes the id for an identity: `keyid:` where that would be other octets, such as an address. */
const ppkEntries = ({ id, required }: NonNullable<Profile['ike']['ppk']>): Entry[] => [
  ['ppk_id', ppkIdText(id)],
  ['ppk_required', required ? 'yes' : 'no'],
];

function ppkIdText(id: string): string {
  const parsed = parseIdentification(id);
  return parsed !== undefined && equal(parsed.data, utf8(id)) ? id : `keyid:${id}`;
}

type Put = (suffix: string, content: Uint8Array) => string;

function localRounds({ gateway, authentication }: Profile, put: Put): Entry[] {
  const identity: Entry[] = authentication.localId === undefined ? [] : [['id', authentication.localId]];
  if (authentication.method === 'psk') return [['local', [['auth', 'psk'], ...identity]]];
  const own = [authentication.certificate, ...authentication.chain].filter((one) => one !== undefined);
  const certs: Entry[] = own.length > 0 ? [['certs', put('cert.pem', pem('CERTIFICATE', own))]] : [];
  const key: Entry[] = [['auth', authentication.rsaPss ? 'rsa/pss' : 'pubkey'], ...certs];
  if (authentication.method === 'certificate') return [['local', [...key, ...identity]]];
  const [method, ...others] = authentication.methods;
  const eap: Entry[] = [
    ['auth', method === undefined || others.length > 0 ? 'eap' : `eap-${method}`],
    ...(authentication.user === undefined ? [] : [['eap_id', authentication.user] as const]),
    ...(authentication.aaaId === undefined || authentication.aaaId === gateway.id
      ? []
      : [['aaa_id', authentication.aaaId] as const]),
  ];
  return authentication.method === 'eap'
    ? [['local', [...eap, ...certs, ...identity]]]
    : [
        ['local-1', [['round', '1'], ...key, ...identity]],
        ['local-2', [['round', '2'], ...eap]],
      ];
}

function remoteRound(profile: Profile, put: Put): Entry[] {
  const proof = gatewayAuthenticationOf(profile);
  const identity: Entry[] = profile.gateway.id === undefined ? [] : [['id', profile.gateway.id]];
  if (proof.method === 'psk') return [['auth', 'psk'], ...identity];
  const { ca } = proof;
  const pinned = 'certificate' in proof ? proof.certificate : undefined;
  return [
    ['auth', proof.method === 'eap-only' ? 'eap' : 'pubkey'],
    ...identity,
    ...(ca.length > 0 ? [['cacerts', put('ca.pem', pem('CERTIFICATE', ca))] as const] : []),
    ...(pinned === undefined ? [] : [['certs', put('gateway.pem', pem('CERTIFICATE', [pinned]))] as const]),
    ['revocation', proof.revocation.strict ? 'strict' : 'relaxed'],
  ];
}

const childEntries = (child: Profile['child']): Entry[] => [
  ['local_ts', child.localTs.join(', ')],
  ['remote_ts', child.remoteTs.join(', ')],
  ...(child.proposals.length > 0 ? [['esp_proposals', child.proposals.join(', ')] as const] : []),
  ['life_time', `${child.lifetimeSec}s`],
  ...(child.lifetimeBytes === undefined ? [] : [['life_bytes', String(child.lifetimeBytes)] as const]),
  ...(child.lifetimePackets === undefined ? [] : [['life_packets', String(child.lifetimePackets)] as const]),
  ['replay_window', String(child.replayWindow)],
];

function secretEntries({ authentication, ike }: Profile, secrets: Secrets, put: Put): Entry[] {
  const { psk, ppk, password, pkcs12, privateKey } = secrets;
  const opener = (text: string | undefined): Entry[] =>
    [clearText(text)].flatMap((clear) => (clear === undefined ? [] : [['secret', clear] as const]));
  const user = 'methods' in authentication ? authentication.user : undefined;
  const key = privateKey === undefined ? undefined : fromBase64(privateKey);
  const label = key && shapeOf(key) === 'encryptedPrivateKey' ? 'ENCRYPTED PRIVATE KEY' : 'PRIVATE KEY';
  return [
    ...(psk === undefined ? [] : [['ike', [['secret', `0s${psk}`]]] as const]),
    ...(ppk === undefined || !ike.ppk
      ? []
      : [
          [
            'ppk',
            [
              ['id', ppkIdText(ike.ppk.id)],
              ['secret', `0s${ppk}`],
            ],
          ] as const,
        ]),
    ...(password === undefined
      ? []
      : [
          [
            'eap',
            [...(user === undefined ? [] : [['id', user] as const]), ['secret', `0s${password}`]],
          ] as const,
        ]),
    ...(pkcs12 === undefined
      ? []
      : [
          [
            'pkcs12',
            [
              ['file', put('key.p12', fromBase64(pkcs12) ?? new Uint8Array(0))],
              ...opener(secrets.pkcs12Password),
            ],
          ] as const,
        ]),
    ...(privateKey === undefined
      ? []
      : [
          [
            'private',
            [['file', put('key.pem', pem(label, [privateKey]))], ...opener(secrets.privateKeyPassword)],
          ] as const,
        ]),
  ];
}

/** RFC 7468: lines of 64. */
function pem(label: string, base64: readonly string[]): Uint8Array {
  const blocks = base64.map((text) =>
    [`-----BEGIN ${label}-----`, ...(text.match(/.{1,64}/g) ?? []), `-----END ${label}-----`, ''].join('\n'),
  );
  return utf8(blocks.join(''));
}

function written(entries: readonly Entry[], indent = ''): string {
  return entries
    .map(([name, value]) =>
      typeof value === 'string'
        ? `${indent}${name} = ${quoted(value)}\n`
        : `${indent}${name} {\n${written(value, `${indent}  `)}${indent}}\n`,
    )
    .join('');
}

/** Plain where nothing in it means something to the parser. */
const quoted = (text: string): string =>
  /^[A-Za-z0-9@.,:/ _%+-]+$/.test(text) && text.trim() === text && !text.includes('  ')
    ? text
    : `"${text.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\r', '\\r')}"`;
