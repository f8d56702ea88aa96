/**
 * Import of Windows phone books (rasphone.pbk): each IKEv2 entry becomes a profile, the others are named with what they
 * are. Facts: Microsoft's reference of RASENTRY and of Set-VpnConnection; entries that Windows writes. Called by import.ts.
 */
import { toBase64 } from '#core/bytes/base64.ts';
import { utf8 } from '#core/bytes/bytes.ts';
import { Answers, answerSettings, ignore, type Row, sectionOf, type Table } from '#core/profile/answers.ts';
import { checkAddress } from '#core/profile/check.ts';
import { boundedCount } from '#core/profile/bounds.ts';
import type { Companions } from '#core/profile/companions.ts';
import {
  accepted,
  type Candidate,
  type Draft,
  type EapMethod,
  finish,
  gatewayId,
  host,
  localId,
  mobike,
  newDraft,
} from '#core/profile/draft.ts';
import { type IniSection, parseIni, trimmed } from '#core/profile/ini.ts';
import { type ImportedProfile, ImportError } from '#core/profile/profile.ts';
import { AGAIN } from '#core/profile/reasons.ts';
import { printable } from '#core/text/printable.ts';

export const looksLikePhoneBook = (text: string): boolean => /^(PhoneNumber|VpnStrategy)=/m.test(text);

/** Profiles of the IKEv2 entries. Throws ImportError where there is none. */
export function importPhoneBook(name: string, text: string, companions: Companions): ImportedProfile[] {
  const entries = parseIni(name, text).map(trimmed);
  if (entries.length === 0) throw new ImportError(`${name}: there is no entry in this phone book`);
  boundedCount(name, entries.length);
  return accepted(entries.map((entry) => importEntry(name, entry, companions)));
}

/** VpnStrategy: what Windows tries. Those that begin or may go on with IKEv2 are taken as IKEv2. */
const STRATEGIES: Readonly<Record<string, string | undefined>> = {
  '0': undefined,
  '1': 'PPTP',
  '2': 'PPTP',
  '3': 'L2TP',
  '4': 'L2TP',
  '5': 'SSTP',
  '6': 'SSTP',
  '7': undefined,
  '8': undefined,
  '14': undefined,
};

/** Type, as RASENTRY's dwType: entries that are no VPN. */
const LINES: Readonly<Record<string, string>> = {
  '1': 'a telephone line',
  '3': 'a cable to another computer',
  '5': 'PPPoE, the line to an Internet provider',
};

/** CustomAuthKey: the EAP type of the entry (IANA). */
const EAP_TYPES: Readonly<Record<string, EapMethod>> = {
  '4': 'md5',
  '6': 'gtc',
  '13': 'tls',
  '21': 'ttls',
  '25': 'peap',
  '26': 'mschapv2',
};

/** AuthRestrictions: bits of what Windows may authenticate by. */
const MSCHAPV2 = 512;
const MACHINE_CERTIFICATE = 2048;

function importEntry(file: string, { name, line, entries }: IniSection, companions: Companions): Candidate {
  const answers = new Answers();
  const place = `${file}:${line}`;
  const path = printable(name, 128);
  const type = entries.get('Type') ?? '';
  const medium = Object.hasOwn(LINES, type) ? LINES[type] : undefined;
  if (medium !== undefined) {
    answers.problem(place, `${path}.Type`, `this entry is for ${medium}, which is no IPsec; ask for IKEv2`);
    return { path, imported: undefined, answers };
  }
  const strategy = entries.get('VpnStrategy') ?? '7';
  const other = Object.hasOwn(STRATEGIES, strategy)
    ? STRATEGIES[strategy]
    : `strategy ${printable(strategy, 20)}`;
  if (other !== undefined) {
    answers.problem(
      place,
      `${path}.VpnStrategy`,
      `this entry is for ${other}, which Adit does not speak; ask for IKEv2`,
    );
    return { path, imported: undefined, answers };
  }
  const draft = newDraft(name, companions);
  const section = sectionOf(entries, place);
  answerSettings(section, path, ENTRY, draft, answers, ignore('concerns Windows alone'));
  prove(entries, draft, answers, path);
  return { path, imported: finish(draft, answers, place), answers };
}

function prove(entries: ReadonlyMap<string, string>, draft: Draft, answers: Answers, path: string): void {
  const { local, secrets } = draft;
  const restrictions = Number(entries.get('AuthRestrictions') ?? 0);
  const method = EAP_TYPES[entries.get('CustomAuthKey') ?? ''];
  const key = entries.get('PreSharedKey') ?? '';
  if (key !== '') {
    local.proofs.push('psk');
    secrets.psk = toBase64(utf8(key));
  } else if (method !== undefined) {
    local.proofs.push('eap');
    local.methods.push(method);
  } else if ((restrictions & MACHINE_CERTIFICATE) !== 0) {
    local.proofs.push('certificate');
    answers.add(
      'changed',
      `${path}.AuthRestrictions`,
      String(restrictions),
      'a certificate of this computer',
    );
  } else {
    local.proofs.push('eap');
    if ((restrictions & MSCHAPV2) !== 0) local.methods.push('mschapv2');
    const reason = 'the entry names no method: a user name and password by EAP are assumed';
    answers.add('changed', `${path}.CustomAuthKey`, undefined, reason);
  }
}

const address: Row<Draft> = (item, { dns }) => {
  if (item.value === '0.0.0.0' || item.value === '::') return item.taken();
  const problem = checkAddress(item.value);
  if (problem !== undefined) return item.ignored(problem);
  dns.servers.push(item.value);
  item.taken();
};

const splitting: Row<Draft> = (item) => {
  if (item.value === '1') item.taken();
  else item.changed('split tunnelling: the networks that the gateway grants decide');
};

const ENTRY: Table<Draft> = {
  phonenumber: host,
  vpnstrategy: (item) => (item.value === '7' ? item.taken() : item.changed('Adit speaks IKEv2 alone')),
  device: (item) => item.taken(),
  customauthkey: (item) =>
    Object.hasOwn(EAP_TYPES, item.value) ? item.taken() : item.ignored('no EAP type'),
  customauthdata: ignore('what Windows’ EAP methods keep; authorities by fingerprint among it'),
  authrestrictions: (item) => item.taken(),
  presharedkey: (item) => item.showing(undefined).taken(),
  idi: localId,
  idr: gatewayId,
  ipdnsaddress: address,
  ipdns2address: address,
  ipv6dnsaddress: address,
  ipv6dns2address: address,
  ipdnssuffix: ignore('completing short names is not supported yet'),
  ipprioritizeremote: splitting,
  ipv6prioritizeremote: splitting,
  customipsecpolicies: ignore(
    'Adit offers its own proposals; name others under ike.proposals and child.proposals',
  ),
  disablemobility: mobike(true),
  networkoutagetime: ignore(AGAIN),
  idledisconnectseconds: ignore('closing an idle tunnel is not supported yet'),
  disableikenameekucheck: (item) =>
    item.value === '0'
      ? item.taken()
      : item.refused('the name in the gateway’s certificate is always checked'),
  customdialdll: ignore('a profile runs no programs'),
  customdialfunc: ignore('a profile runs no programs'),
  customrasdialdll: ignore('a profile runs no programs'),
};
