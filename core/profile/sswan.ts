/**
 * Import of .sswan files, the JSON profiles of strongSwan's Android app. Facts: docs.strongswan.org, "VPN Client
 * Profiles". Lists may be arrays or texts with blanks, numbers and switches may be texts, base64 may have lines. Called
 * by import.ts.
 */
import {
  Answers,
  answerSettings,
  ignore,
  type Item,
  type Row,
  sectionOf,
  type Table,
} from '#core/profile/answers.ts';
import { toBase64 } from '#core/bytes/base64.ts';
import { utf8 } from '#core/bytes/bytes.ts';
import { fromLooseBase64, readBlob } from '#core/profile/blob.ts';
import { isAuthority } from '#core/profile/certificate-shape.ts';
import { checkAddress, checkSelector, checkUser } from '#core/profile/check.ts';
import type { Companions } from '#core/profile/companions.ts';
import {
  accepted,
  checked,
  type Draft,
  finish,
  gatewayId,
  host,
  localId,
  newDraft,
  port,
  type Proof,
  takeProposals,
  within,
} from '#core/profile/draft.ts';
import type { ImportedProfile } from '#core/profile/profile.ts';
import { LATER } from '#core/profile/reasons.ts';

export const looksLikeSswan = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'uuid' in value && 'remote' in value;

/** A profile from the JSON of a .sswan file. Throws ImportError with all problems. */
export function importSswan(name: string, value: unknown, companions: Companions): ImportedProfile[] {
  const answers = new Answers();
  const draft = newDraft(name.replace(/\.sswan$/i, '') || 'profile', companions);
  answerSettings(sectionOf(leaves(value, ''), name), '', SSWAN, draft, answers);
  if (draft.local.proofs.length === 0 && answers.problems.length === 0) {
    answers.problem(name, 'type', `is missing; expected ${Object.keys(TYPES).join(', ')}`);
  }
  return accepted([{ path: name, imported: finish(draft, answers, name), answers }]);
}

/** Nesting that no profile has. */
const MAX_DEPTH = 8;

/** `remote.addr` and its text, for each leaf; the items of a list with a blank between them. */
function leaves(value: unknown, path: string, depth = 0): [string, string][] {
  if (Array.isArray(value)) return [[path, value.map(scalar).join(' ')]];
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) {
    return [[path, scalar(value)]];
  }
  return Object.entries(value).flatMap(([key, inner]) =>
    leaves(inner, path === '' ? key : `${path}.${key}`, depth + 1),
  );
}

const scalar = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';

interface Type {
  readonly proofs: readonly Proof[];
  readonly methods?: Draft['local']['methods'];
  readonly changed?: string;
}

const TYPES: Readonly<Record<string, Type>> = {
  'ikev2-eap': { proofs: ['eap'] },
  'ikev2-cert': { proofs: ['certificate'] },
  'ikev2-cert-eap': { proofs: ['certificate', 'eap'] },
  'ikev2-eap-tls': { proofs: ['eap'], methods: ['tls'] },
  'ikev2-byod-eap': {
    proofs: ['eap'],
    changed: 'EAP without the check of this device (TNC), which a gateway may insist on',
  },
};

const type: Row<Draft> = (item, { local }) => {
  const found = Object.hasOwn(TYPES, item.value) ? TYPES[item.value] : undefined;
  if (!found) return item.problem(`expected one of ${Object.keys(TYPES).join(', ')}`);
  local.proofs.push(...found.proofs);
  local.methods.push(...(found.methods ?? []));
  if (found.changed === undefined) item.taken();
  else item.changed(found.changed);
};

const items = (item: Item): string[] => item.value.split(/[\s,]+/).filter((text) => text !== '');

/** The app lets it be the authority's or the gateway's own. */
const remoteCertificate: Row<Draft> = (item, { remote }) => {
  const octets = fromLooseBase64(item.value);
  const found = readBlob(octets);
  item.showing(`${octets?.length ?? 0} bytes`);
  if ('problem' in found) return item.problem(`the certificate cannot be used: ${found.problem}`);
  const [first] = found.certificates;
  if (first === undefined || !octets) return item.problem('expected a certificate');
  if (found.certificates.length === 1 && !isAuthority(fromLooseBase64(first) ?? octets)) {
    remote.certificate = first;
    // Its issuer may be nobody whom the system trusts: it vouches for itself.
    remote.ca.push(first);
    return item.changed('no authority’s: the gateway must have exactly this certificate');
  }
  remote.ca.push(...found.certificates);
  item.taken();
};

const pkcs12: Row<Draft> = (item, { secrets }) => {
  const octets = fromLooseBase64(item.value);
  const found = readBlob(octets);
  item.showing(`${octets?.length ?? 0} bytes`);
  if ('problem' in found) return item.problem(`the PKCS#12 file cannot be used: ${found.problem}`);
  if (found.pkcs12 === undefined) return item.problem('expected a PKCS#12 file');
  secrets.pkcs12 = found.pkcs12;
  item.taken();
};

function flag(set: (draft: Draft, on: boolean) => void): Row<Draft> {
  return (item, draft) => {
    const on = item.switch();
    if (on === undefined) return;
    set(draft, on);
    item.taken();
  };
}

const revocation = (key: 'crl' | 'ocsp' | 'strict'): Row<Draft> =>
  flag(({ remote }, on) => {
    remote.revocation = { ...remote.revocation, [key]: on };
  });

const subnets: Row<Draft> = (item, { child }) => {
  const texts = items(item);
  const check = checkSelector('remote');
  const problems = texts.flatMap((text) => check(text) ?? []);
  if (problems.length > 0) return item.problem(problems.join('; '));
  if (texts.length === 0 || texts.length > 64) return item.problem('expected 1 to 64 networks');
  child.remoteTs = texts;
  item.taken();
};

const servers: Row<Draft> = (item, { dns }) => {
  const texts = items(item);
  const problem = texts.flatMap((text) => checkAddress(text) ?? [])[0];
  if (problem !== undefined) return item.problem(problem);
  dns.servers.push(...texts.slice(0, 16));
  item.taken();
};

const proposal =
  (protocol: 'IKE' | 'ESP'): Row<Draft> =>
  (item, { ike, child }) =>
    takeProposals(
      item,
      protocol,
      ((protocol === 'IKE' ? ike : child).proposals ??= []),
      items(item).map((text) => text.toLowerCase()),
    );

const password: Row<Draft> = (item, { secrets }) => {
  secrets.password = toBase64(utf8(item.value));
  item.showing(undefined).taken();
};

const APPS = `a tunnel for single programs ${LATER}`;
const blocking = (family: 4 | 6, other: 4 | 6): string =>
  `IPv${family} is blocked only where the tunnel takes all of IPv${other} and nothing of IPv${family}`;
const PROXY = `a proxy behind the tunnel ${LATER}`;

const SSWAN: Table<Draft> = {
  uuid: ignore('Adit gives its own names'),
  name: (item, draft) => {
    draft.name = item.value.trim().slice(0, 128) || draft.name;
    item.taken();
  },
  type,
  'remote.addr': host,
  'remote.port': port((draft, number) => (draft.gateway.port = number), 1),
  'remote.id': gatewayId,
  'remote.cert': remoteCertificate,
  'remote.certreq': flag(({ remote }, on) => (remote.sendCertreq = on)),
  'remote.revocation.crl': revocation('crl'),
  'remote.revocation.ocsp': revocation('ocsp'),
  'remote.revocation.strict': revocation('strict'),
  'local.eap_id': checked(checkUser, (draft, text) => (draft.local.user = text)),
  'local.id': localId,
  'local.shared_secret': password,
  'local.p12': pkcs12,
  'local.rsa-pss': flag(({ local }, on) => (local.rsaPss = on)),
  'ike-proposal': proposal('IKE'),
  'esp-proposal': proposal('ESP'),
  mtu: within(576, 9000, (draft, number) => (draft.mtu = number)),
  'nat-keepalive': within(0, 3600, ({ ike }, number) => (ike.natKeepaliveSec = number)),
  'dns-servers': servers,
  'ipv6-transport': ignore('Adit takes the addresses that the gateway’s name has'),
  apps: ignore(APPS),
  'excluded-apps': ignore(APPS),
  'split-tunneling.subnets': subnets,
  'split-tunneling.excluded': ignore(`networks past the tunnel: that ${LATER}`),
  'split-tunneling.block-ipv4': ignore(blocking(4, 6)),
  'split-tunneling.block-ipv6': ignore(blocking(6, 4)),
  'proxy.host': ignore(PROXY),
  'proxy.port': ignore(PROXY),
  'proxy.exclusions': ignore(PROXY),
};
