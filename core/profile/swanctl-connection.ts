/**
 * The settings of `connections.<name>` and of its authentication rounds `local…` and `remote…` (swanctl.conf(5)), a
 * row each: what becomes of it in a profile. Called by swanctl.ts.
 */
import { ignore, type Item, refuse, type Row, type Table } from '#core/profile/answers.ts';
import { checkHost, checkIdentity, checkUser } from '#core/profile/check.ts';
import type { Companion } from '#core/profile/companions.ts';
import { checked, type Draft, type EapMethod, mobike, port, takeProposals } from '#core/profile/draft.ts';
import { IKE_LIFETIMES, type Lifetimes } from '#core/profile/swanctl-lifetimes.ts';
import { readList } from '#core/profile/swanctl-values.ts';
import { printable } from '#core/text/printable.ts';

export interface SwanctlDraft extends Draft {
  readonly ikeLifetimes: Lifetimes;
}

const IKEV1 = 'for IKEv1 only';
const GATEWAYS = 'for gateways only';
const KERNEL = 'for the kernel of another client; Adit keeps its own adapter and routes';
const OWN_RETRIES = 'Adit decides itself how long to try and when to connect again';

/** Of ipsec.conf as well. */
export const REAUTHENTICATION = 'Adit authenticates anew when the gateway asks for it (RFC 4478)';

const remoteAddresses: Row<Draft> = (item, draft) => {
  const texts = readList(item.value);
  const hosts = texts.filter((text) => checkHost(text) === undefined);
  draft.gateway.addresses.push(...hosts.slice(0, 16));
  // Patterns tell a gateway whom to admit; a client can only go to a host.
  const rest = [...texts.filter((text) => checkHost(text) !== undefined), ...hosts.slice(16)];
  if (hosts.length === 0) item.problem(`names no gateway to connect to; expected a host name or an address`);
  else if (rest.length > 0) item.changed(`left out: ${printable(rest.join(', '))}`);
  else item.taken();
};

const ANY_4 = new Set(['0.0.0.0', '%config', '%config4']);
const ANY_6 = new Set(['::', '0::0', '::0', '%config6']);

const virtualIps: Row<Draft> = (item, { request }) => {
  const texts = readList(item.value);
  for (const text of texts) {
    if (text.includes(':') || ANY_6.has(text)) request.ip6 = true;
    else request.ip4 = true;
  }
  request.dns = true;
  const wrong = texts.find((text) => !ANY_4.has(text) && !ANY_6.has(text) && checkHost(text) !== undefined);
  const particular = texts.filter((text) => !ANY_4.has(text) && !ANY_6.has(text));
  if (wrong !== undefined || texts.length === 0) item.problem('expected addresses such as 0.0.0.0 and ::');
  else if (particular.length > 0) {
    item.changed('the gateway chooses the address; a particular one cannot be asked for yet');
  } else item.taken();
};

const liveness: Row<Draft> = (item, { ike }) => {
  const delay = item.time();
  if (delay === undefined) return;
  ike.livenessSec = Math.min(delay, 86400);
  if (ike.livenessSec === delay) item.taken();
  else item.changed(`the longest is ${ike.livenessSec} seconds`);
};

const version: Row<Draft> = (item) => {
  const number = item.number();
  if (number === 1) item.problem('IKEv1 is not supported yet; expected 2');
  else if (number === 0 || number === 2) item.taken();
  else if (number !== undefined) item.problem('expected 2 (IKEv2) or 0');
};

const encapsulation: Row<Draft> = (item) => {
  const on = item.switch();
  if (on === true) item.taken();
  else if (on === false)
    item.changed('Adit always carries ESP in UDP, which every gateway with NAT traversal takes');
};

const unique: Row<Draft> = (item, { ike }) => {
  const policy = item.value.toLowerCase();
  if (!['never', 'no', 'keep', 'replace'].includes(policy)) {
    return item.problem('expected "never", "no", "keep" or "replace"');
  }
  // Only the latter two make a client announce INITIAL_CONTACT.
  ike.initialContact = policy === 'keep' || policy === 'replace';
  item.taken();
};

const reauthentication: Row<Draft> = (item) => {
  const after = item.time();
  if (after === 0) item.taken();
  else if (after !== undefined) item.ignored(REAUTHENTICATION);
};

const certificateRequests: Row<Draft> = (item, { remote }) => {
  const on = item.switch();
  if (on === undefined) return;
  if (!on) remote.sendCertreq = false;
  item.taken();
};

/** Of ipsec.conf as well, in both dialects. */
export const fragmentation: Row<Draft> = (item, { ike }) => {
  const choice = item.value.toLowerCase();
  if (choice === 'no') {
    ike.fragmentBytes = 0;
    item.taken();
  } else if (choice === 'yes') item.taken();
  else if (choice === 'accept') item.changed('Adit also sends fragments where the gateway takes them');
  else if (choice === 'force') item.changed('Adit sends fragments only where a message does not fit');
  else item.problem('expected "yes", "accept", "force" or "no"');
};

const childless: Row<Draft> = (item) => {
  if (item.value.toLowerCase() === 'force')
    item.problem('childless initiation (RFC 6023) is not supported yet');
  else item.ignored('the first Child SA always comes with IKE_AUTH');
};

/** A demand that we cannot meet yet: on refuses the connection. */
const demand =
  (what: string): Row<Draft> =>
  (item) => {
    const on = item.switch();
    if (on === true) item.problem(`${what} is not supported yet`);
    else if (on === false) item.taken();
  };

const lifetimes = Object.fromEntries(
  Object.entries(IKE_LIFETIMES).map(([key, row]) => [
    key,
    (item: Item, draft: SwanctlDraft): void => row(item, draft.ikeLifetimes),
  ]),
);

export const CONNECTION: Table<SwanctlDraft> = {
  version,
  remote_addrs: remoteAddresses,
  remote_port: port((draft, number) => (draft.gateway.port = number), 1),
  local_port: port((draft, number) => (draft.ike.localPort = number), 0),
  local_addrs: ignore('Adit sends from the address that leads to the gateway'),
  proposals: (item, draft) => takeProposals(item, 'IKE', (draft.ike.proposals ??= [])),
  vips: virtualIps,
  encap: encapsulation,
  dpd_delay: liveness,
  dpd_timeout: ignore(IKEV1),
  unique,
  ...lifetimes,
  reauth_time: reauthentication,
  fragmentation,
  childless,
  mobike: mobike(),
  keyingtries: ignore(OWN_RETRIES),
  aggressive: ignore(IKEV1),
  pull: ignore(IKEV1),
  pools: ignore(GATEWAYS),
  send_certreq: certificateRequests,
  send_cert: ignore('our certificate is sent wherever we have one'),
  ocsp: ignore('whether the gateway brings an OCSP answer along is its own choice'),
  ppk_id: refuse('postquantum pre-shared keys (RFC 8784) are not supported yet'),
  ppk_required: demand('a required postquantum pre-shared key (RFC 8784)'),
  dscp: ignore('Adit marks IKE packets as it sees fit'),
  if_id_in: ignore(KERNEL),
  if_id_out: ignore(KERNEL),
  mediation: demand('mediation'),
  mediated_by: refuse('mediation is not supported'),
  mediation_peer: refuse('mediation is not supported'),
};

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
