/**
 * The settings of a `conn` in ipsec.conf, a row each, of strongSwan's and libreswan's dialect together: what means
 * something in one has a place in the other or none. Facts: ipsec.conf(5) of strongSwan 5.9 and of libreswan 5. Called by
 * ipsec-conf.ts, which has put the gateway on the right.
 */
import {
  type Answers,
  ignore,
  type Item,
  onlyOff,
  refuse,
  type Row,
  type Table,
} from '#core/profile/answers.ts';
import {
  checkDomain,
  checkAddress,
  checkHost,
  checkIdentity,
  checkRedirect,
  checkSelector,
  checkUser,
} from '#core/profile/check.ts';
import type { Companion } from '#core/profile/companions.ts';
import { type Draft, mobike, port, takeProposals } from '#core/profile/draft.ts';
import type { Dialect } from '#core/profile/ipsec-conf-parser.ts';
import {
  fragmentation,
  isAnyIdentity,
  localProof,
  REAUTHENTICATION,
  remoteProof,
} from '#core/profile/swanctl-connection.ts';
import { readList } from '#core/profile/swanctl-values.ts';
import { printable } from '#core/text/printable.ts';

export interface ConnDraft extends Draft {
  readonly dialect: Dialect;
  /** Noted while the rows are read; `proveConn` puts them together. */
  readonly auth: {
    both?: Item;
    left?: Item;
    left2?: Item;
    right?: Item;
    eapIdentity?: string;
  };
}

const IKEV1 = 'for IKEv1 only';
const KERNEL = 'for the kernel of another client; Adit keeps its own adapter and routes';
const SCRIPT = 'a profile runs no programs';
const AGAIN = 'Adit decides itself when to connect again';
const MOMENT = 'Adit chooses the moment of rekeying itself';
const LATER = 'is not supported yet';
const GATEWAYS = 'for gateways only';

/** `authby` and its like in words of swanctl.conf; several mean a choice, of which the first counts. */
const AUTHBY: Readonly<Record<string, string>> = {
  secret: 'psk',
  psk: 'psk',
  pubkey: 'pubkey',
  rsasig: 'pubkey',
  rsa: 'pubkey',
  ecdsa: 'pubkey',
  ecdsasig: 'pubkey',
  eaponly: 'eap',
};

function proofOf(item: Item): string {
  const [first = ''] = item.value.toLowerCase().split(/[,|\s]+/);
  if (Object.hasOwn(AUTHBY, first)) return AUTHBY[first] ?? first;
  if (/^(rsa|ecdsa)-sha/.test(first) || first === 'rsa-sha1') return 'pubkey';
  return item.value;
}

/** Both proofs from leftauth, leftauth2, rightauth, or authby for what they leave open; a key pair where all do. */
export function proveConn(draft: ConnDraft, answers: Answers, path: string): void {
  const { both, left, left2, right, eapIdentity } = draft.auth;
  const usual = both ? proofOf(both) : 'pubkey';
  if (both && usual !== 'never') localProofOf(both, draft, left === undefined);
  else if (usual === 'never') answers.problem('', `${path}.authby`, '"never" connects nothing');
  if (left) localProof(proofOf(left), left, draft);
  else if (!both) localProof(usual, undefined, draft);
  if (left2) localProof(proofOf(left2), left2, draft);
  if (right) remoteProof(proofOf(right), right, draft);
  else if (usual !== 'never') remoteProof(usual, undefined, draft);
  if (!draft.local.proofs.includes('eap')) return;
  const { local } = draft;
  const identity = eapIdentity ?? local.localId;
  if (identity !== undefined && checkUser(identity) === undefined) local.user = identity.slice(0, 256);
}

function localProofOf(item: Item, draft: ConnDraft, alone: boolean): void {
  if (alone) localProof(proofOf(item), item, draft);
  else item.taken();
}

const note =
  (key: 'both' | 'left' | 'left2' | 'right'): Row<ConnDraft> =>
  (item, { auth }) => {
    auth[key] = item;
  };

const gateway: Row<ConnDraft> = (item, draft) => {
  const texts = readList(item.value);
  const hosts = texts.filter((text) => checkHost(text) === undefined);
  draft.gateway.addresses.push(...hosts.slice(0, 16));
  if (hosts.length === 0) item.problem('names no gateway to connect to; expected a host name or an address');
  else if (hosts.length < texts.length) item.changed('left out what is no host');
  else item.taken();
};

/** `%fromcert` and `%any` say nothing; a `%` before a name waives the check of the certificate, which we do not. */
function identity(set: (draft: ConnDraft, text: string) => void): Row<ConnDraft> {
  return (item, draft) => {
    if (isAnyIdentity(item.value) || item.value === '%fromcert') return item.taken();
    const text = item.value.replace(/^%/, '').replaceAll(/,(?=\S)/g, ', ');
    const chosen = checkIdentity(item.value) === undefined ? item.value : text;
    const problem = checkIdentity(chosen);
    if (problem !== undefined) return item.problem(problem);
    set(draft, chosen);
    if (chosen === item.value) item.taken();
    else item.changed(`becomes ${printable(chosen, 80)}`);
  };
}

const sourceIp: Row<ConnDraft> = (item, { request }) => {
  for (const text of readList(item.value)) {
    if (text.includes(':') || text === '%config6') request.ip6 = true;
    else request.ip4 = true;
    if (text === '%config' || text === '%modeconfig' || text === '%modecfg') request.ip6 = true;
  }
  request.dns = true;
  if (item.value.startsWith('%')) item.taken();
  else item.changed('the gateway chooses the address; a particular one cannot be asked for yet');
};

const modeConfigClient: Row<ConnDraft> = (item, { request }) => {
  const on = item.switch();
  if (on === undefined) return;
  request.ip4 ||= on;
  request.ip6 ||= on;
  request.dns ||= on;
  item.taken();
};

const subnets =
  (side: 'local' | 'remote'): Row<ConnDraft> =>
  (item, { child }) => {
    const texts = item.value.split(/[,\s]+/).filter((text) => text !== '' && text !== '%dynamic');
    if (texts.length === 0) return item.taken();
    if (/^v?host:/.test(item.value)) return item.problem('patterns of subnets are for gateways');
    const check = checkSelector(side);
    const problem = texts.flatMap((text) => check(text) ?? [])[0];
    if (problem !== undefined) return item.problem(problem);
    if (side === 'local') child.localTs = texts.slice(0, 64);
    else child.remoteTs = texts.slice(0, 64);
    item.taken();
  };

/** libreswan writes `aes_gcm256-sha2_512;dh19` and `aes256+aes128`; strongSwan ends strict lists in `!`. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/^aes_gcm(?:_c|_16)?_?(128|192|256)?$/, 'aes$1gcm16'],
  [/^aes_ctr_?(128|192|256)?$/, 'aes$1ctr'],
  [/^aes_(128|192|256)$/, 'aes$1'],
  [/^aes_cbc_?(128|192|256)?$/, 'aes$1'],
  [/^sha2(?:_256)?$/, 'sha256'],
  [/^sha2_(384|512)$/, 'sha$1'],
  [/^hmac_(sha\d+)$/, '$1'],
  [/^chacha20_poly1305$/, 'chacha20poly1305'],
];
const DH: Readonly<Record<string, string>> = {
  dh2: 'modp1024',
  dh5: 'modp1536',
  dh14: 'modp2048',
  dh15: 'modp3072',
  dh16: 'modp4096',
  dh17: 'modp6144',
  dh18: 'modp8192',
  dh19: 'ecp256',
  dh20: 'ecp384',
  dh21: 'ecp521',
  dh31: 'x25519',
};

function plainProposal(text: string, protocol: 'IKE' | 'ESP'): string {
  const words = text.split(/[-;+]/).map((word) => {
    if (Object.hasOwn(DH, word)) return DH[word] ?? word;
    const row = WORDS.find(([pattern]) => pattern.test(word));
    const [, bits = ''] = row?.[0].exec(word) ?? [];
    return row ? row[1].replace('$1', bits || (word.startsWith('aes_') ? '256' : '')) : word;
  });
  const aead = words.some((word) => /gcm|poly1305/.test(word));
  const hasPrf = words.some((word) => word.startsWith('prf'));
  return words
    .map((word) => (aead && !hasPrf && /^sha\d+$/.test(word) && protocol === 'IKE' ? `prf${word}` : word))
    .filter((word) => !(aead && protocol === 'ESP' && /^(sha\d+|null)$/.test(word)))
    .join('-');
}

const proposals =
  (protocol: 'IKE' | 'ESP'): Row<ConnDraft> =>
  (item, { ike, child, dialect }) => {
    const texts = readList(item.value.toLowerCase().replace(/!$/, ''));
    const plain = dialect === 'libreswan' ? texts.map((text) => plainProposal(text, protocol)) : texts;
    takeProposals(item, protocol, ((protocol === 'IKE' ? ike : child).proposals ??= []), plain);
  };

function lifetime(set: (draft: ConnDraft, sec: number) => void): Row<ConnDraft> {
  return (item, draft) => {
    const sec = item.time();
    if (sec === undefined) return;
    const near = Math.min(Math.max(sec, 60), 604800);
    set(draft, near);
    if (near === sec) item.taken();
    else item.changed(`the nearest possible is ${near} seconds`);
  };
}

function amount(least: number, set: (draft: ConnDraft, amount: number) => void): Row<ConnDraft> {
  return (item, draft) => {
    const number = item.volume();
    if (number === undefined) return;
    if (number > 0) set(draft, Math.max(number, least));
    if (number === 0 || number >= least) item.taken();
    else item.changed(`the least is ${least}`);
  };
}

const childLifetime = lifetime(({ child }, sec) => (child.lifetimeSec = sec));

const liveness: Row<ConnDraft> = (item, { ike }) => {
  const sec = item.time();
  if (sec === undefined) return;
  ike.livenessSec = Math.min(sec, 86400);
  item.taken();
};

function file(what: string, take: (draft: ConnDraft, found: Companion) => boolean): Row<ConnDraft> {
  return (item, draft) => {
    if (item.value.startsWith('%')) return item.ignored('certificates on tokens are not supported yet');
    const found = draft.companions.find(item.value);
    if (found && take(draft, found)) return item.taken();
    if (draft.dialect === 'libreswan') {
      return item.ignored('a name in libreswan’s own database: import the .p12 file together with this one');
    }
    const last = printable(item.value.split('/').at(-1) ?? '', 80);
    item.refused(`Adit opens no files: import ${last}, ${what}, together with this one`);
  };
}

const exchange: Row<ConnDraft> = (item) => {
  if (/^ikev1$/i.test(item.value)) item.problem('IKEv1 is kept for a later version of Adit; expected ikev2');
  else if (/^(ike|ikev2)$/i.test(item.value)) item.taken();
  else item.problem('expected ikev2');
};

/** libreswan: `insist`, `yes`, `propose` and `permit` all speak it. */
const ikev2: Row<ConnDraft> = (item) => {
  if (/^(no|never)$/i.test(item.value))
    item.problem('IKEv1 is kept for a later version of Adit; expected ikev2=insist');
  else item.taken();
};

const type: Row<ConnDraft> = (item) => {
  if (/^tunnel$/i.test(item.value)) item.taken();
  else item.problem('only type = tunnel is supported');
};

const encapsulation: Row<ConnDraft> = (item) => {
  if (/^(no|auto)$/i.test(item.value)) {
    item.changed('Adit always carries ESP in UDP, which every gateway with NAT traversal takes');
  } else item.taken();
};

const replay: Row<ConnDraft> = (item, { child }) => {
  const size = item.number();
  if (size === undefined) return;
  child.replayWindow = Math.min(size, 65536);
  item.taken();
};

const demand =
  (what: string): Row<ConnDraft> =>
  (item) => {
    if (/^(insist|yes|force|strict)$/i.test(item.value)) item.problem(`${what} ${LATER}`);
    else item.taken();
  };

const user: Row<ConnDraft> = (item, { auth }) => {
  if (item.value !== '%identity' && !isAnyIdentity(item.value)) auth.eapIdentity = item.value;
  item.taken();
};

/** `%any` would let anybody who sees the first packet choose the gateway. */
const redirects: Row<ConnDraft> = (item, { gateway }) => {
  const texts = item.value.split(/[,\s]+/).filter((text) => text !== '');
  if (texts.includes('%any')) return item.refused('name the gateways in gateway.redirects of the profile');
  const [problem] = texts.flatMap((text) => checkRedirect(text) ?? []);
  if (problem !== undefined) return item.problem(problem);
  gateway.redirects = texts.slice(0, 16);
  item.taken();
};

const servers: Row<ConnDraft> = (item, { request, dns }) => {
  const texts = item.value.split(/[,\s]+/).filter((text) => text !== '');
  request.dns = true;
  const good = texts.filter((text) => checkAddress(text) === undefined);
  if (texts.every((text) => text.startsWith('%config'))) return item.taken();
  if (good.length < texts.length) return item.problem('expected addresses of name servers');
  dns.servers.push(...good.slice(0, 16));
  item.changed('used in place of what the gateway assigns');
};

const domains: Row<ConnDraft> = (item, { dns }) => {
  const texts = item.value.split(/[,\s]+/).filter((text) => text !== '');
  const problem = texts.flatMap((text) => checkDomain(text) ?? [])[0];
  if (problem !== undefined) return item.problem(problem);
  dns.domains.push(...texts.slice(0, 256));
  item.taken();
};

const TOKENS = 'raw keys are not supported; expected certificates';

const SHARED: Table<ConnDraft> = {
  keyexchange: exchange,
  ikev2,
  type,
  authby: note('both'),
  auth: refuse('AH is not supported'),
  ah: (item) => item.problem('AH is not supported; expected esp'),
  ike: proposals('IKE'),
  esp: proposals('ESP'),
  phase2alg: proposals('ESP'),
  phase2: (item) =>
    /^esp$/i.test(item.value) ? item.taken() : item.problem('AH is not supported; expected esp'),
  ikelifetime: lifetime(({ ike }, sec) => (ike.lifetimeSec = sec)),
  lifetime: childLifetime,
  keylife: childLifetime,
  salifetime: childLifetime,
  'ipsec-lifetime': childLifetime,
  lifebytes: amount(1048576, ({ child }, number) => (child.lifetimeBytes = number)),
  'ipsec-max-bytes': amount(1048576, ({ child }, number) => (child.lifetimeBytes = number)),
  lifepackets: amount(1000, ({ child }, number) => (child.lifetimePackets = number)),
  'ipsec-max-packets': amount(1000, ({ child }, number) => (child.lifetimePackets = number)),
  margintime: ignore(MOMENT),
  rekeymargin: ignore(MOMENT),
  rekeyfuzz: ignore(MOMENT),
  marginbytes: ignore(MOMENT),
  marginpackets: ignore(MOMENT),
  rekey: ignore(MOMENT),
  reauth: onlyOff(REAUTHENTICATION),
  keyingtries: ignore(AGAIN),
  dpddelay: liveness,
  dpdtimeout: ignore(IKEV1),
  dpdaction: ignore(AGAIN),
  closeaction: ignore(AGAIN),
  auto: ignore('Adit connects when it is asked to'),
  mobike: mobike(),
  forceencaps: encapsulation,
  encapsulation,
  fragmentation,
  compress: onlyOff('IPComp is not supported'),
  sha256_96: onlyOff('the truncation of an old draft is not supported'),
  'sha2-truncbug': onlyOff('the truncation of an old draft is not supported'),
  inactivity: ignore(`closing an idle tunnel ${LATER}`),
  replay_window: replay,
  'replay-window': replay,
  tfc: ignore(`traffic flow confidentiality padding ${LATER}`),
  esn: ignore('the proposals decide'),
  pfs: ignore('the groups in the ESP proposals decide'),
  narrowing: (item) => item.taken(),
  mtu: (item, draft) => {
    const mtu = item.number();
    if (mtu === undefined) return;
    draft.mtu = Math.min(Math.max(mtu, 576), 9000);
    item.taken();
  },
  eap_identity: user,
  aaa_identity: identity(({ local }, text) => (local.aaaId = text)),
  aggressive: ignore(IKEV1),
  aggrmode: ignore(IKEV1),
  modeconfig: ignore(IKEV1),
  modecfgpull: ignore(IKEV1),
  modecfgdns: servers,
  modecfgdomains: domains,
  'ignore-peer-dns': ignore('name dns.servers to replace what the gateway assigns'),
  xauth: ignore(IKEV1),
  xauth_identity: ignore(IKEV1),
  xauthby: ignore(IKEV1),
  'cisco-unity': ignore(IKEV1),
  'cisco-split': ignore(IKEV1),
  'ms-dh-downgrade': ignore(GATEWAYS),
  'session-resumption': ignore(`resumption (RFC 5723) ${LATER}`),
  'accept-redirect': onlyOff('Adit follows only to the gateways of accept-redirect-to'),
  'accept-redirect-to': redirects,
  'send-redirect': ignore(GATEWAYS),
  'require-id-on-certificate': ignore('the gateway’s certificate must always carry its identity'),
  intermediate: ignore(`IKE_INTERMEDIATE (RFC 9242) ${LATER}`),
  'enable-tcp': demand('TCP in place of UDP (RFC 9329)'),
  'tcp-remoteport': ignore(`TCP in place of UDP ${LATER}`),
  ppk: demand('a postquantum pre-shared key (RFC 8784)'),
  'ppk-ids': refuse(`postquantum pre-shared keys (RFC 8784) are not supported yet`),
  installpolicy: ignore(KERNEL),
  mark: ignore(KERNEL),
  mark_in: ignore(KERNEL),
  mark_out: ignore(KERNEL),
  if_id_in: ignore(KERNEL),
  if_id_out: ignore(KERNEL),
  reqid: ignore(KERNEL),
  priority: ignore(KERNEL),
  'ipsec-interface': ignore(KERNEL),
  'vti-interface': ignore(KERNEL),
  'vti-routing': ignore(KERNEL),
  'nic-offload': ignore(KERNEL),
  hostaddrfamily: ignore('Adit takes the addresses that the gateway’s name has'),
  clientaddrfamily: ignore('the networks decide'),
  connalias: ignore('for logs only'),
};

const LEFT: Table<ConnDraft> = {
  left: ignore('Adit sends from the address that leads to the gateway'),
  leftid: identity(({ local }, text) => (local.localId = text)),
  leftauth: note('left'),
  leftauth2: note('left2'),
  leftid2: ignore('eap_identity says whom the second round is for'),
  leftcert: file('our certificate', ({ local, secrets }, { certificates: [leaf, ...chain], pkcs12 }) => {
    local.certificate ??= leaf;
    local.chain.push(...chain);
    if (pkcs12 !== undefined) secrets.pkcs12 = pkcs12;
    return leaf !== undefined || pkcs12 !== undefined;
  }),
  leftcert2: refuse('a second certificate is not supported'),
  leftsigkey: refuse(TOKENS),
  leftrsasigkey: (item) => (item.value === '%cert' ? item.taken() : item.refused(TOKENS)),
  leftckaid: refuse(TOKENS),
  leftca: ignore('our certificate says who issued it'),
  leftsendcert: ignore('our certificate is sent wherever we have one'),
  leftsourceip: sourceIp,
  leftmodecfgclient: modeConfigClient,
  leftmodecfgserver: ignore(GATEWAYS),
  leftdns: servers,
  leftsubnet: subnets('local'),
  leftsubnets: subnets('local'),
  leftikeport: port(({ ike }, number) => (ike.localPort = number), 0),
  leftprotoport: ignore('name [protocol/port] in child.localTs'),
  leftfirewall: refuse(SCRIPT),
  leftupdown: refuse(SCRIPT),
  lefthostaccess: ignore('for an updown script'),
  leftnexthop: ignore(KERNEL),
  leftallowany: ignore(GATEWAYS),
  leftgroups: ignore(GATEWAYS),
  leftusername: user,
  leftxauthusername: ignore(IKEV1),
  leftxauthclient: ignore(IKEV1),
  leftautheap: (item, { local }) => {
    if (item.value === 'none') return item.taken();
    if (item.value !== 'tls') return item.problem('expected "tls" or "none"');
    local.methods.push('tls');
    item.taken();
  },
};

const RIGHT: Table<ConnDraft> = {
  right: gateway,
  rightid: identity(({ gateway: remote }, text) => (remote.id = text)),
  rightauth: note('right'),
  rightauth2: (item) => item.problem('a second proof of the gateway is not supported (RFC 4739)'),
  rightcert: file('the gateway’s certificate', ({ remote }, { certificates }) => {
    remote.certificate ??= certificates[0];
    return certificates.length > 0;
  }),
  rightca: ignore('the authorities that are imported decide, not their names'),
  rightsendcert: ignore('the gateway’s own choice'),
  rightrsasigkey: (item) => (item.value === '%cert' ? item.taken() : item.refused(TOKENS)),
  rightsigkey: refuse(TOKENS),
  rightckaid: refuse(TOKENS),
  rightsourceip: ignore(GATEWAYS),
  rightmodecfgserver: ignore(GATEWAYS),
  rightmodecfgclient: ignore(GATEWAYS),
  rightaddresspool: ignore(GATEWAYS),
  rightdns: ignore(GATEWAYS),
  rightsubnet: subnets('remote'),
  rightsubnets: subnets('remote'),
  rightikeport: port(({ gateway: remote }, number) => (remote.port = number), 1),
  rightprotoport: ignore('name [protocol/port] in child.remoteTs'),
  rightfirewall: refuse(SCRIPT),
  rightupdown: refuse(SCRIPT),
  righthostaccess: ignore('for an updown script'),
  rightnexthop: ignore(KERNEL),
  rightallowany: ignore('the gateway must be where it is'),
  rightgroups: ignore(GATEWAYS),
  rightxauthserver: ignore(IKEV1),
};

export const CONN: Table<ConnDraft> = { ...SHARED, ...LEFT, ...RIGHT };
