/**
 * EAPClientConfiguration, Apple's dictionary for the methods of EAP, a row each. Apple documents it for Wi-Fi and not for
 * IKEv2; who writes it there means it, so it is taken. Called by mobileconfig-ikev2.ts.
 */
import { toBase64 } from '#core/bytes/base64.ts';
import { utf8 } from '#core/bytes/bytes.ts';
import { type Answers, ignore, type Row, type Table } from '#core/profile/answers.ts';
import { checkHost, checkUser } from '#core/profile/check.ts';
import { checked, type Draft, type EapMethod } from '#core/profile/draft.ts';
import { isDict, isList, type PlistDict, textOf } from '#core/profile/plist.ts';
import type { EapInnerMethod } from '#core/profile/profile.ts';

export const password: Row<Draft> = (item, { secrets }) => {
  secrets.password = toBase64(utf8(item.value));
  item.showing(undefined).taken();
};

const EAP_TYPES: Readonly<Record<string, EapMethod>> = { '13': 'tls', '21': 'ttls', '25': 'peap' };

/** AcceptEAPTypes: IANA's numbers. */
const eapTypes: Row<Draft> = (item, { local }) => {
  const numbers = item.value.split(' ');
  const known = numbers.flatMap((number) => EAP_TYPES[number] ?? []);
  if (known.length === 0) return item.problem('names no EAP type that Adit has; expected 13, 21 or 25');
  local.methods.push(...known.filter((method) => !local.methods.includes(method)));
  if (known.length < numbers.length) item.changed(`left out what Adit has not; taken: ${known.join(', ')}`);
  else item.taken();
};

const TTLS_INNER: Readonly<Record<string, EapInnerMethod>> = {
  PAP: 'pap',
  CHAP: 'chap',
  MSCHAPv2: 'mschapv2',
};

/** Of TTLS alone. `EAP` leaves the choice to the server, as a profile without the field does. */
const ttlsInner: Row<Draft> = (item, { local }) => {
  const found = Object.hasOwn(TTLS_INNER, item.value) ? TTLS_INNER[item.value] : undefined;
  if (item.value === 'EAP') return item.taken();
  if (found === undefined) {
    return item.problem(`is not supported; expected ${Object.keys(TTLS_INNER).join(', ')} or EAP`);
  }
  local.innerMethod = found;
  item.taken();
};

/** PEAP cannot do what is said of TTLS: one profile, one inner method. */
export function settleInner(settings: PlistDict, { local }: Draft, answers: Answers): void {
  const client = settings.get('EAPClientConfiguration');
  const inner = isDict(client) ? textOf(client.get('TTLSInnerAuthentication')) : undefined;
  const types = isDict(client) ? client.get('AcceptEAPTypes') : undefined;
  const accepted = isList(types) ? types.map(textOf) : [];
  if (inner === undefined || inner === 'EAP') return;
  if (!accepted.includes('21')) {
    delete local.innerMethod;
  } else if (local.methods.includes('peap')) {
    local.methods = local.methods.filter((method) => method !== 'peap');
    const reason = 'PEAP is left out: what runs inside is said of TTLS';
    answers.add('changed', 'IKEv2.EAPClientConfiguration.AcceptEAPTypes', undefined, reason);
  }
}

const trustedNames: Row<Draft> = (item, { local }) => {
  const [name, ...others] = item.value.split(' ');
  if (name === undefined || checkHost(name) !== undefined || others.length > 0) {
    return item.ignored('patterns and lists are not supported');
  }
  local.aaaId = name;
  item.taken();
};

export const EAP_CLIENT: Table<Draft> = {
  'EAPClientConfiguration.AcceptEAPTypes': eapTypes,
  'EAPClientConfiguration.TTLSInnerAuthentication': ttlsInner,
  'EAPClientConfiguration.OuterIdentity': checked(
    checkUser,
    ({ local }, text) => (local.anonymousIdentity = text),
  ),
  'EAPClientConfiguration.UserName': checked(checkUser, ({ local }, text) => (local.user ??= text)),
  'EAPClientConfiguration.UserPassword': password,
  'EAPClientConfiguration.TLSTrustedServerNames': trustedNames,
  'EAPClientConfiguration.PayloadCertificateAnchorUUID': ignore('all authorities in the file are trusted'),
  'EAPClientConfiguration.TLSMinimumVersion': ignore('EAP offers TLS 1.2 and 1.3'),
  'EAPClientConfiguration.TLSMaximumVersion': ignore('EAP offers TLS 1.2 and 1.3'),
  'EAPClientConfiguration.TLSAllowTrustExceptions': ignore('nobody is asked to trust an unknown server'),
  'EAPClientConfiguration.OneTimeUserPassword': ignore('Adit asks for what is not stored'),
};
