/**
 * Import of Apple's configuration profiles (.mobileconfig): every VPN payload of type IKEv2 becomes a profile, with the
 * certificates and PKCS#12 files of its sibling payloads. Facts: Apple's device management reference, "VPN" and "VPN.IKEv2".
 * The settings of the IKEv2 dictionary are rows in mobileconfig-ikev2.ts. Called by import.ts.
 */
import { DESCRIBES_FILE, LATER } from '#core/profile/reasons.ts';
import { toBase64 } from '#core/bytes/base64.ts';
import {
  Answers,
  answerSettings,
  ignore,
  maySecret,
  refuse,
  type Row,
  sectionOf,
  type Table,
} from '#core/profile/answers.ts';
import { readBlob } from '#core/profile/blob.ts';
import { boundedCount } from '#core/profile/bounds.ts';
import { checkPpkId } from '#core/profile/check.ts';
import type { Companions } from '#core/profile/companions.ts';
import { accepted, type Candidate, type Draft, finish, newDraft } from '#core/profile/draft.ts';
import { IKEV2, proveByMethod } from '#core/profile/mobileconfig-ikev2.ts';
import {
  isDict,
  isList,
  leavesOf,
  parsePlist,
  type PlistDict,
  secretOf,
  textOf,
} from '#core/profile/plist.ts';
import { type ImportedProfile, ImportError } from '#core/profile/profile.ts';
import { readSwitch } from '#core/profile/swanctl-values.ts';
import { printable } from '#core/text/printable.ts';

export const looksLikePlist = (text: string): boolean => /<!DOCTYPE plist\b|<plist\b/i.test(text);

const VPN = new Set(['com.apple.vpn.managed', 'com.apple.vpn.managed.applayer']);
const CERTIFICATES = new Set([
  'com.apple.security.root',
  'com.apple.security.pkcs1',
  'com.apple.security.pem',
]);
const PKCS12 = 'com.apple.security.pkcs12';

/** What VPN types are that are not IKEv2. */
const OTHER_TYPES: Readonly<Record<string, string>> = {
  IPSec: 'IKEv1 ("Cisco IPSec"), which is kept for a later version of Adit',
  L2TP: 'L2TP, which Adit does not speak; ask for an IKEv2 profile of the same gateway',
  PPTP: 'PPTP, which is no IPsec and is broken; ask for an IKEv2 profile',
  VPN: 'for another maker’s app, whose protocol Adit does not know',
  AlwaysOn: 'for supervised devices only; ask for an IKEv2 profile without AlwaysOn',
  TransparentProxy: 'a proxy and no VPN',
};

/** Profiles from the text of a .mobileconfig; `signed` where it came out of a CMS wrapper. Throws ImportError. */
export function importMobileconfig(
  name: string,
  text: string,
  signed: boolean,
  companions: Companions,
): ImportedProfile[] {
  const top = parsePlist(name, text);
  const listed = top.get('PayloadContent');
  // A lone payload without the envelope is what some tools write.
  const payloads = isList(listed) ? listed.filter(isDict) : [top];
  const vpns = payloads.filter(
    (payload) => VPN.has(textOf(payload.get('PayloadType')) ?? '') || payload.has('VPNType'),
  );
  if (vpns.length === 0) {
    const kinds = payloads.map((payload) => printable(textOf(payload.get('PayloadType')) ?? 'unknown', 64));
    throw new ImportError(
      `${name}: there is no VPN in this configuration profile; it holds ${kinds.slice(0, 8).join(', ') || 'nothing'}`,
    );
  }
  boundedCount(name, vpns.length);
  const candidates = vpns.map((payload, at) =>
    importPayload(name, vpns.length > 1 ? `VPN ${at + 1}` : 'VPN', payload, payloads, companions),
  );
  const [first, ...others] = accepted(candidates);
  if (!first) return [];
  const rest = new Answers();
  if (signed) rest.add('ignored', 'signature', undefined, 'the file is signed; Adit did not verify by whom');
  for (const payload of payloads) answerOther(payload, rest);
  for (const [key, value] of top) {
    if (key !== 'PayloadContent' && isList(listed)) answerMeta(key, textOf(value) ?? '…', rest);
  }
  return [{ ...first, report: [...first.report, ...rest.entries] }, ...others];
}

function answerMeta(key: string, value: string, answers: Answers): void {
  const secret = /password/i.test(key);
  answers.add('ignored', key, secret ? undefined : value, DESCRIBES_FILE);
}

/** Payloads that are neither VPN nor certificate are named once. */
function answerOther(payload: PlistDict, answers: Answers): void {
  const type = textOf(payload.get('PayloadType')) ?? 'unknown';
  if (VPN.has(type) || payload.has('VPNType') || CERTIFICATES.has(type) || type === PKCS12) return;
  const reason = /scep|acme/i.test(type)
    ? 'certificates that are fetched (SCEP, ACME) are not supported: give a PKCS#12 file'
    : 'this payload is no VPN';
  answers.add('ignored', 'PayloadType', type, reason);
}

function importPayload(
  name: string,
  path: string,
  payload: PlistDict,
  payloads: readonly PlistDict[],
  companions: Companions,
): Candidate {
  const answers = new Answers();
  const title = textOf(payload.get('UserDefinedName')) ?? textOf(payload.get('PayloadDisplayName'));
  const draft = newDraft(title || name.replace(/\.mobileconfig$/i, ''), companions);
  const type = textOf(payload.get('VPNType')) ?? '';
  const settings = payload.get('IKEv2');
  if (type !== 'IKEv2' || !isDict(settings)) {
    const what = Object.hasOwn(OTHER_TYPES, type) ? OTHER_TYPES[type] : 'unknown to Adit; expected IKEv2';
    answers.problem(name, `${path}.VPNType`, `"${printable(type, 40)}" is ${what}`);
    return { path, imported: undefined, answers };
  }
  takeSharedSecret(settings, draft);
  takePpk(settings, draft, answers, name);
  answerSettings(sectionOf(leavesOf(payload, '').map(meant), name), '', PAYLOAD, draft, answers, unknown);
  takeCertificates(settings, payloads, draft, answers, name);
  proveByMethod(settings, draft, answers, name);
  return { path, imported: finish(draft, answers, name), answers };
}

/** Blanks at the ends are part of a secret; of anything else they are somebody's indentation. */
const meant = ([path, text]: readonly [string, string]): [string, string] => [
  path,
  maySecret(path) ? text : text.trim(),
];

function takeSharedSecret(settings: PlistDict, { secrets }: Draft): void {
  const octets = secretOf(settings.get('SharedSecret'));
  if (octets && octets.length > 0) secrets.psk = toBase64(octets);
}

/** Apple's reference: the key and its identifier only together, and mandatory where nothing else is said. */
function takePpk(settings: PlistDict, { ppk, secrets }: Draft, answers: Answers, place: string): void {
  const id = textOf(settings.get('PPKIdentifier'));
  const octets = secretOf(settings.get('PPK'));
  if (octets && octets.length > 0) secrets.ppk = toBase64(octets);
  if (id === undefined || id === '') {
    if (secrets.ppk !== undefined) answers.problem(place, 'IKEv2.PPKIdentifier', 'is missing beside PPK');
    return;
  }
  const problem = checkPpkId(id);
  if (problem !== undefined) return answers.problem(place, 'IKEv2.PPKIdentifier', problem);
  ppk.id = id;
  ppk.required = readSwitch(textOf(settings.get('PPKMandatory')) ?? '1') !== false;
}

/** The authorities among the siblings, and the identity that the VPN payload names. */
function takeCertificates(
  settings: PlistDict,
  payloads: readonly PlistDict[],
  draft: Draft,
  answers: Answers,
  name: string,
): void {
  const wanted = textOf(settings.get('PayloadCertificateUUID'))?.toLowerCase();
  for (const payload of payloads) {
    const type = textOf(payload.get('PayloadType')) ?? '';
    if (!CERTIFICATES.has(type) && type !== PKCS12) continue;
    const uuid = textOf(payload.get('PayloadUUID'));
    const file = textOf(payload.get('PayloadCertificateFileName')) ?? uuid ?? '';
    const content = payload.get('PayloadContent');
    const found = readBlob(content instanceof Uint8Array ? content : undefined);
    const shown = printable(file, 64);
    if ('problem' in found) {
      answers.problem(name, `${type} ${shown}`, `the content cannot be used: ${found.problem}`);
    } else if (type !== PKCS12) {
      draft.remote.ca.push(...found.certificates);
      answers.add('taken', type, shown, 'an authority that is trusted for the gateway');
    } else if (uuid !== undefined && uuid.toLowerCase() === wanted && found.pkcs12 !== undefined) {
      draft.secrets.pkcs12 = found.pkcs12;
      answers.add('taken', type, shown, 'our certificate and its key');
      const password = secretOf(payload.get('Password'));
      if (password !== undefined) {
        draft.secrets.pkcs12Password = toBase64(password);
        answers.add('taken', `${type}.Password`);
      }
    } else {
      answers.add('ignored', type, shown, 'this VPN does not use it');
    }
  }
}

const META = DESCRIBES_FILE;

/** Keys of the payload beside the IKEv2 dictionary, prefixes included. */
const unknown: Row<Draft> = (item) => {
  const group = PREFIXES.find(([prefix]) => item.path.startsWith(prefix));
  if (group) item.ignored(group[1]);
  else item.refused('this setting is unknown to Adit');
};

const PREFIXES: readonly (readonly [string, string])[] = [
  ['Payload', META],
  ['Proxies.', `a proxy behind the tunnel ${LATER}`],
  ['IPv4.', 'the networks that the gateway grants decide what goes into the tunnel'],
  ['IPSec.', 'for IKEv1, beside the IKEv2 that is taken'],
  ['PPP.', 'for other types of VPN'],
  ['VendorConfig.', 'for another maker’s app'],
  ['DNS.', 'of no use to Adit'],
];

const listOf = (text: string): string[] => text.split(/\s+/).filter((item) => item !== '');

const PAYLOAD: Table<Draft> = {
  userdefinedname: (item) => item.taken(),
  vpntype: (item) => item.taken(),
  vpnsubtype: ignore(META),
  'dns.serveraddresses': (item, { dns }) => {
    dns.servers.push(...listOf(item.value).slice(0, 16));
    item.taken();
  },
  'dns.supplementalmatchdomains': (item, { dns }) => {
    dns.domains.push(...listOf(item.value).slice(0, 256));
    item.taken();
  },
  'dns.searchdomains': ignore(`completing short names ${LATER}`),
  'dns.domainname': ignore(`completing short names ${LATER}`),
  ...Object.fromEntries(Object.entries(IKEV2).map(([key, row]) => [`ikev2.${key}`.toLowerCase(), row])),
  'ikev2.providerdesignatedrequirement': refuse('a profile runs no programs'),
};
