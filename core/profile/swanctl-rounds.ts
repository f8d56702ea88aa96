/**
 * The authentication rounds of a connection in swanctl.conf, the sections `local` and `remote`: who proves what, by which
 * certificates and identities. Facts: swanctl.conf(5) of strongSwan 5.9. Called by swanctl.ts and by the importer of ipsec.conf.
 */
import { ignore, type Item, refuse, type Row, type Table } from '#core/profile/answers.ts';
import { checkIdentity, checkUser } from '#core/profile/check.ts';
import type { Companion } from '#core/profile/companions.ts';
import { checked, type Draft, type EapMethod } from '#core/profile/draft.ts';
import { readList } from '#core/profile/swanctl-values.ts';
import { printable } from '#core/text/printable.ts';
import { type SwanctlDraft } from '#core/profile/swanctl-connection.ts';
import { GATEWAYS, IKEV1 } from '#core/profile/reasons.ts';

const EAP_METHODS: Readonly<Record<string, EapMethod>> = {
  'eap-mschapv2': 'mschapv2',
  'eap-tls': 'tls',
  'eap-ttls': 'ttls',
  'eap-peap': 'peap',
  'eap-gtc': 'gtc',
  'eap-md5': 'md5',
};

/** `pubkey`, or a kind of key with perhaps schemes and hashes: `rsa/pss-sha256`, `ecdsa-sha384`, `ike:rsa-sha256`. */
const KEY_AUTH = /^(ike:)?(pubkey|rsa|rsa\/pss|rsa\/pkcs1|ecdsa|ed25519|ed448)(-[a-z0-9]+)*$/;

const constrained = /-|ed|ecdsa/;

/** A round of ours; swanctl.ts calls them in order, the default `pubkey` included. */
export function localProof(text: string, item: Item | undefined, { local }: Draft): void {
  const auth = text.toLowerCase();
  const method = Object.hasOwn(EAP_METHODS, auth) ? EAP_METHODS[auth] : undefined;
  if (auth === 'psk') local.proofs.push('psk');
  else if (KEY_AUTH.test(auth)) {
    local.proofs.push('certificate');
    if (auth.includes('rsa/pss')) local.rsaPss = true;
    if (constrained.test(auth)) return item?.changed('the key decides the scheme, the gateway the hash');
  } else if (auth === 'eap' || method) {
    local.proofs.push('eap');
    if (method) local.methods.push(method);
  } else {
    return item?.problem(unknownAuth(text));
  }
  item?.taken();
}

const unknownAuth = (text: string): string =>
  /^xauth/i.test(text)
    ? 'XAuth belongs to IKEv1, which is not supported yet'
    : `"${printable(text, 64)}" is not supported; supported are psk, pubkey, eap, and eap- with mschapv2, tls, ttls, peap, gtc or md5`;

/** The gateway's proof. */
export function remoteProof(text: string, item: Item | undefined, { remote }: Draft): void {
  const auth = text.toLowerCase();
  if (auth === 'psk') remote.proof = 'psk';
  else if (KEY_AUTH.test(auth)) {
    remote.proof = 'certificate';
    if (constrained.test(auth)) return item?.changed('any sound signature of the gateway is accepted');
  } else if (auth.startsWith('eap')) remote.proof = 'eap-only';
  else return item?.problem(unknownAuth(text));
  item?.taken();
}

/** `%any` and its like match every identity. */
export const isAnyIdentity = (text: string): boolean =>
  ['%any', '%any6', '0.0.0.0', '::', '*'].includes(text);

function identity(set: (draft: Draft, text: string) => void): Row<Draft> {
  return (item, draft) => {
    if (isAnyIdentity(item.value)) return item.taken();
    if (item.value.includes('*')) {
      return item.problem('patterns are not supported; expected one identity, without "*"');
    }
    checked(checkIdentity, set)(item, draft);
  };
}

/** Files by their names among those that came along; `take` answers what one is good for. */
function fileNames(take: (draft: SwanctlDraft, file: Companion) => boolean, what: string): Row<SwanctlDraft> {
  return (item, draft) => {
    const absent: string[] = [];
    for (const name of readList(item.value)) {
      const file = draft.companions.find(name);
      if (!file || !take(draft, file)) absent.push(printable(name, 80));
    }
    if (absent.length === 0) item.taken();
    else item.refused(`Adit opens no files: import ${absent.join(', ')}, ${what}, together with this file`);
  };
}

const ownCertificates = fileNames(({ local, secrets }, { certificates, pkcs12 }) => {
  const [leaf, ...chain] = certificates;
  if (leaf !== undefined) {
    local.certificate ??= leaf;
    local.chain.push(...chain);
  } else if (pkcs12 !== undefined) secrets.pkcs12 = pkcs12;
  return leaf !== undefined || pkcs12 !== undefined;
}, 'our certificate');

const gatewayCertificates = fileNames(({ remote }, { certificates }) => {
  remote.certificate ??= certificates[0];
  return certificates.length > 0;
}, 'the gateway’s certificate');

const authorities = fileNames(({ remote }, { certificates }) => {
  remote.ca.push(...certificates);
  return certificates.length > 0;
}, 'an authority’s certificate');

const REVOCATION: Readonly<Record<string, boolean>> = { strict: true, ifuri: false, relaxed: false };

const revocation: Row<Draft> = (item, { remote }) => {
  const text = item.value.toLowerCase();
  const strict = Object.hasOwn(REVOCATION, text) ? REVOCATION[text] : undefined;
  if (strict === undefined) return item.problem('expected "strict", "ifuri" or "relaxed"');
  remote.revocation = { strict };
  if (text === 'ifuri') item.changed('becomes "relaxed": what is named is asked, silence passes');
  else item.taken();
};

/** `%any` says that the gateway asks for it. */
function user(set: (draft: Draft, text: string) => void): Row<Draft> {
  return (item, draft) => (isAnyIdentity(item.value) ? item.taken() : checked(checkUser, set)(item, draft));
}

const POLICY = 'Adit does not check certificate policies';

const round = {
  // swanctl.ts sorts the rounds by it.
  round: (item: Item) => item.taken(),
  pubkeys: refuse('raw public keys are not supported; expected certificates'),
  xauth_id: ignore(IKEV1),
  cert_policy: ignore(POLICY),
} as const;

export const LOCAL: Table<SwanctlDraft> = {
  ...round,
  auth: (item, draft) => localProof(item.value, item, draft),
  certs: ownCertificates,
  id: identity((draft, text) => (draft.local.localId ??= text)),
  eap_id: user((draft, text) => (draft.local.user = text)),
  aaa_id: identity((draft, text) => (draft.local.aaaId = text)),
};

export const REMOTE: Table<SwanctlDraft> = {
  ...round,
  auth: (item, draft) => remoteProof(item.value, item, draft),
  certs: gatewayCertificates,
  id: identity((draft, text) => (draft.gateway.id = text)),
  cacerts: authorities,
  ca_id: ignore('the authorities that are imported decide'),
  revocation,
  groups: ignore(GATEWAYS),
};
