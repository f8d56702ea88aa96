/**
 * What a setting of ipsec.conf does with its value: addresses, proposals, lifetimes, proofs, files that came along. The table of
 * ipsec-conf-settings.ts names which setting does which.
 */
import { type Answers, type Item, type Row } from '#core/profile/answers.ts';
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
import { type Draft, encapsulation, takeProposals } from '#core/profile/draft.ts';
import type { Dialect } from '#core/profile/ipsec-conf-parser.ts';
import { isAnyIdentity, localProof, remoteProof } from '#core/profile/swanctl-rounds.ts';
import { readList } from '#core/profile/swanctl-values.ts';
import { printable } from '#core/text/printable.ts';
import { LATER } from '#core/profile/reasons.ts';

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
  /** `ppk` and `ppk-ids`, which mean something together (ipsec-ppk.ts). */
  readonly postQuantum: { wish?: Item; ids?: Item };
}

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

export const note =
  (key: 'both' | 'left' | 'left2' | 'right'): Row<ConnDraft> =>
  (item, { auth }) => {
    auth[key] = item;
  };

export const notePpk =
  (key: 'wish' | 'ids'): Row<ConnDraft> =>
  (item, { postQuantum }) => {
    // A word such as `insist`, and no key.
    postQuantum[key] = item.showing(item.value);
  };

export const gateway: Row<ConnDraft> = (item, draft) => {
  const texts = readList(item.value);
  const hosts = texts.filter((text) => checkHost(text) === undefined);
  draft.gateway.addresses.push(...hosts.slice(0, 16));
  if (hosts.length === 0) item.problem('names no gateway to connect to; expected a host name or an address');
  else if (hosts.length < texts.length) item.changed('left out what is no host');
  else item.taken();
};

/** `%fromcert` and `%any` say nothing; a `%` before a name waives the check of the certificate, which we do not. */
export function identity(set: (draft: ConnDraft, text: string) => void): Row<ConnDraft> {
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

export const sourceIp: Row<ConnDraft> = (item, { request }) => {
  for (const text of readList(item.value)) {
    if (text.includes(':') || text === '%config6') request.ip6 = true;
    else request.ip4 = true;
    if (text === '%config' || text === '%modeconfig' || text === '%modecfg') request.ip6 = true;
  }
  request.dns = true;
  if (item.value.startsWith('%')) item.taken();
  else item.changed('the gateway chooses the address; a particular one cannot be asked for yet');
};

export const modeConfigClient: Row<ConnDraft> = (item, { request }) => {
  const on = item.switch();
  if (on === undefined) return;
  request.ip4 ||= on;
  request.ip6 ||= on;
  request.dns ||= on;
  item.taken();
};

export const subnets =
  (side: 'local' | 'remote'): Row<ConnDraft> =>
  (item, { child }) => {
    // libreswan writes its lists `{10.1.0.0/16 10.2.0.0/16}`.
    const [, listed] = /^\{(.*)\}$/.exec(item.value) ?? [];
    const texts = (listed ?? item.value).split(/[,\s]+/).filter((text) => text !== '' && text !== '%dynamic');
    if (texts.length === 0) return item.taken();
    if (/^v?host:/.test(item.value)) return item.problem('patterns of subnets are for gateways');
    const check = checkSelector(side);
    const problem = texts.flatMap((text) => check(text) ?? [])[0];
    if (problem !== undefined) return item.problem(problem);
    if (side === 'local') child.localTs = texts.slice(0, 64);
    else child.remoteTs = texts.slice(0, 64);
    if (listed !== undefined && texts.length > 1)
      item.changed('one Child SA for all of them, in place of one for each');
    else item.taken();
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
  [/^ml_?kem_?(512|768|1024)$/, 'mlkem$1'],
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

function plainWord(word: string): string {
  if (Object.hasOwn(DH, word)) return DH[word] ?? word;
  const row = WORDS.find(([pattern]) => pattern.test(word));
  const [, bits = ''] = row?.[0].exec(word) ?? [];
  return row ? row[1].replace('$1', bits || (word.startsWith('aes_') ? '256' : '')) : word;
}

/** The words of `aes256+aes128`, or of `addke1=ml_kem_768+none`, an additional key exchange (RFC 9370). */
function plainWords(part: string): string[] {
  const [, slot, methods = part] = /^addke([1-7])=(.*)$/.exec(part) ?? [];
  const words = methods.split('+').map(plainWord);
  return slot === undefined ? words : words.map((word) => `ke${slot}_${word}`);
}

function plainProposal(text: string, protocol: 'IKE' | 'ESP'): string {
  const words = text.split(/[-;]/).flatMap(plainWords);
  const aead = words.some((word) => /gcm|poly1305/.test(word));
  const hasPrf = words.some((word) => word.startsWith('prf'));
  return words
    .map((word) => (aead && !hasPrf && /^sha\d+$/.test(word) && protocol === 'IKE' ? `prf${word}` : word))
    .filter((word) => !(aead && protocol === 'ESP' && /^(sha\d+|null)$/.test(word)))
    .join('-');
}

export const proposals =
  (protocol: 'IKE' | 'ESP'): Row<ConnDraft> =>
  (item, { ike, child, dialect }) => {
    const texts = readList(item.value.toLowerCase().replace(/!$/, ''));
    const plain = dialect === 'libreswan' ? texts.map((text) => plainProposal(text, protocol)) : texts;
    takeProposals(item, protocol, ((protocol === 'IKE' ? ike : child).proposals ??= []), plain);
  };

export function lifetime(set: (draft: ConnDraft, sec: number) => void): Row<ConnDraft> {
  return (item, draft) => {
    const sec = item.time();
    if (sec === undefined) return;
    const near = Math.min(Math.max(sec, 60), 604800);
    set(draft, near);
    if (near === sec) item.taken();
    else item.changed(`the nearest possible is ${near} seconds`);
  };
}

export function amount(least: number, set: (draft: ConnDraft, amount: number) => void): Row<ConnDraft> {
  return (item, draft) => {
    const number = item.volume();
    if (number === undefined) return;
    if (number > 0) set(draft, Math.max(number, least));
    if (number === 0 || number >= least) item.taken();
    else item.changed(`the least is ${least}`);
  };
}

export const childLifetime = lifetime(({ child }, sec) => (child.lifetimeSec = sec));

export const liveness: Row<ConnDraft> = (item, { ike }) => {
  const sec = item.time();
  if (sec === undefined) return;
  ike.livenessSec = Math.min(sec, 86400);
  item.taken();
};

export function file(what: string, take: (draft: ConnDraft, found: Companion) => boolean): Row<ConnDraft> {
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

export const exchange: Row<ConnDraft> = (item) => {
  if (/^ikev1$/i.test(item.value)) item.problem('IKEv1 is kept for a later version of Adit; expected ikev2');
  else if (/^(ike|ikev2)$/i.test(item.value)) item.taken();
  else item.problem('expected ikev2');
};

/** libreswan: `insist`, `yes`, `propose` and `permit` all speak it. */
export const ikev2: Row<ConnDraft> = (item) => {
  if (/^(no|never)$/i.test(item.value))
    item.problem('IKEv1 is kept for a later version of Adit; expected ikev2=insist');
  else item.taken();
};

export const type: Row<ConnDraft> = (item) => {
  if (/^tunnel$/i.test(item.value)) item.taken();
  else item.problem('only type = tunnel is supported');
};

/** libreswan's `encapsulation`; its `no` sends ESP without UDP even behind a NAT, which Adit does not. */
export const libreswanEncapsulation: Row<ConnDraft> = (item, draft) => {
  const word = item.value.toLowerCase();
  if (word !== 'auto' && item.switch() !== false) return encapsulation(item, draft);
  draft.ike.encapsulation = 'auto';
  if (word === 'auto') item.taken();
  else item.changed('behind a NAT ESP goes in UDP all the same');
};

export const replay: Row<ConnDraft> = (item, { child }) => {
  const size = item.number();
  if (size === undefined) return;
  child.replayWindow = Math.min(size, 65536);
  item.taken();
};

export const demand =
  (what: string): Row<ConnDraft> =>
  (item) => {
    if (/^(insist|yes|force|strict)$/i.test(item.value)) item.problem(`${what} ${LATER}`);
    else item.taken();
  };

export const user: Row<ConnDraft> = (item, { auth }) => {
  if (item.value !== '%identity' && !isAnyIdentity(item.value)) auth.eapIdentity = item.value;
  item.taken();
};

/** `%any` would let anybody who sees the first packet choose the gateway. */
export const redirects: Row<ConnDraft> = (item, { gateway }) => {
  const texts = item.value.split(/[,\s]+/).filter((text) => text !== '');
  if (texts.includes('%any')) return item.refused('name the gateways in gateway.redirects of the profile');
  const [problem] = texts.flatMap((text) => checkRedirect(text) ?? []);
  if (problem !== undefined) return item.problem(problem);
  gateway.redirects = texts.slice(0, 16);
  item.taken();
};

export const servers: Row<ConnDraft> = (item, { request, dns }) => {
  const texts = item.value.split(/[,\s]+/).filter((text) => text !== '');
  request.dns = true;
  const good = texts.filter((text) => checkAddress(text) === undefined);
  if (texts.every((text) => text.startsWith('%config'))) return item.taken();
  if (good.length < texts.length) return item.problem('expected addresses of name servers');
  dns.servers.push(...good.slice(0, 16));
  item.changed('used in place of what the gateway assigns');
};

export const domains: Row<ConnDraft> = (item, { dns }) => {
  const texts = item.value.split(/[,\s]+/).filter((text) => text !== '');
  const problem = texts.flatMap((text) => checkDomain(text) ?? [])[0];
  if (problem !== undefined) return item.problem(problem);
  dns.domains.push(...texts.slice(0, 256));
  item.taken();
};
