/**
 * The `secrets` section of swanctl.conf(5): finds the pre-shared key of a connection by its identities, its password by
 * its user, its private key by the file, and answers for the rest. A value never reaches a report. Called by swanctl.ts.
 */
import { toBase64 } from '#core/bytes/base64.ts';
import { utf8 } from '#core/bytes/bytes.ts';
import { equalIdentification, parseIdentification } from '#core/ike/identification.ts';
import { type Answers, answerAll } from '#core/profile/answers.ts';
import type { Draft } from '#core/profile/draft.ts';
import { isAnyIdentity } from '#core/profile/swanctl-rounds.ts';
import type { Section } from '#core/profile/swanctl-parser.ts';
import { readSecret } from '#core/profile/swanctl-values.ts';

/** Kinds of secrets by the beginning of their section's name, and what becomes of those that are no pre-shared keys. */
const KINDS: readonly { readonly prefix: string; readonly reason: string }[] = [
  { prefix: 'eap', reason: 'no imported connection uses this password' },
  { prefix: 'xauth', reason: 'XAuth is for IKEv1 only' },
  { prefix: 'ntlm', reason: 'hashes in place of passwords are not supported' },
  { prefix: 'token', reason: 'keys on tokens are not supported yet' },
  ...['private', 'rsa', 'ecdsa', 'pkcs8', 'pkcs12'].map((prefix) => ({
    prefix,
    reason: 'Adit opens no files: import the key’s file together with this one',
  })),
];

/** Of both ends alike, and of a post-quantum key (RFC 8784). */
type Preshared = 'ike' | 'ppk';
const isPreshared = (name: string, kind: Preshared): boolean => name.toLowerCase().startsWith(kind);

/** Identities that a connection's key may be filed under. */
interface Owners {
  /** Our identity; undefined where it is our address. Of a post-quantum key its own. */
  readonly local: string | undefined;
  /** The gateway's identity, or its addresses where it has none. */
  readonly remote: readonly string[];
}

interface FoundSecret {
  /** Name of the section below `secrets`. */
  readonly name: string;
  readonly section: Section;
  readonly octets: Uint8Array;
}

/** The key whose owners fit best: both sides, the gateway, us, nobody named. Keys that cannot be read are skipped. */
export function findSecret(
  secrets: Section | undefined,
  owners: Owners,
  kind: Preshared = 'ike',
): FoundSecret | undefined {
  let best: { rank: number; found: FoundSecret } | undefined;
  for (const [name, section] of secrets?.sections ?? []) {
    const octets = isPreshared(name, kind) ? secretOf(section) : undefined;
    const rank = octets && rankOf(ownersOf(section), owners);
    if (octets && rank !== undefined && rank > (best?.rank ?? -1))
      best = { rank, found: { name, section, octets } };
  }
  return best?.found;
}

/** What a frame's base64 can carry (contract.ts). */
const MAX_SECRET = 3072;

function secretOf(section: Section): Uint8Array | undefined {
  const octets = readSecret(section.settings.get('secret')?.value ?? '');
  return octets && octets.length > 0 && octets.length <= MAX_SECRET ? octets : undefined;
}

/** `id`, `id-moon`, `id2` …; an identity of its own or `%any`. */
function ownersOf(section: Section): string[] {
  return [...section.settings].filter(([key]) => /^id/i.test(key)).map(([, { value }]) => value);
}

export function rankOf(filed: readonly string[], { local, remote }: Owners): number | undefined {
  if (filed.length === 0 || filed.some(isAnyIdentity)) return 0;
  const us = local !== undefined && filed.some((text) => sameIdentity(text, local));
  const them = remote.some((text) => filed.some((other) => sameIdentity(other, text)));
  return us || them ? Number(us) + 2 * Number(them) : undefined;
}

function sameIdentity(a: string, b: string): boolean {
  const [left, right] = [parseIdentification(a), parseIdentification(b)];
  return left && right ? equalIdentification(left, right) : a === b;
}

/** Answers for the key that a connection took. */
export function answerFound({ name, section }: FoundSecret, answers: Answers): void {
  answerPreshared(name, section, answers, (path, value) => answers.add('taken', path, value));
}

/** Answers for everything below `secrets` that no connection took; `used` names what was. */
export function answerUnused(secrets: Section, used: ReadonlySet<string>, answers: Answers): void {
  for (const key of secrets.settings.keys()) {
    answers.add('refused', `secrets.${key}`, undefined, 'belongs into a section such as "ike-home"');
  }
  for (const [name, section] of secrets.sections) {
    if (used.has(name)) continue;
    if (isPreshared(name, 'ike') || isPreshared(name, 'ppk')) {
      answerPreshared(name, section, answers, (path, value) =>
        answers.add('ignored', path, value, 'no imported connection uses this key'),
      );
    } else {
      const reason = KINDS.find(({ prefix }) => name.toLowerCase().startsWith(prefix))?.reason;
      const outcome = reason === undefined ? 'refused' : 'ignored';
      answerAll(section, `secrets.${name}`, outcome, reason ?? 'unknown to Adit', answers, true);
    }
  }
}

const isPassword = (name: string): boolean => /^(eap|xauth)/i.test(name);
const isKey = (name: string): boolean => /^(private|rsa|ecdsa|pkcs8|pkcs12)/i.test(name);

/** The password and the key that `draft` needs, into its secrets; answers for them and names their sections. */
export function takeSecrets(secrets: Section | undefined, draft: Draft, answers: Answers): string[] {
  const used: string[] = [];
  for (const [name, section] of secrets?.sections ?? []) {
    const taken = isPassword(name)
      ? takePassword(name, section, draft)
      : isKey(name) && takeKey(section, draft);
    if (!taken) continue;
    used.push(name);
    for (const [key, { value }] of section.settings) {
      const secret = key.toLowerCase() === 'secret';
      answers.add('taken', `secrets.${name}.${key}`, secret ? undefined : value);
    }
  }
  return used;
}

function takePassword(name: string, section: Section, { local, secrets }: Draft): boolean {
  if (!/^eap/i.test(name) || !local.proofs.includes('eap') || secrets.password !== undefined) return false;
  const octets = secretOf(section);
  const ids = ownersOf(section);
  const mine = ids.length === 0 || ids.some((id) => isAnyIdentity(id) || id === local.user);
  if (!octets || !mine) return false;
  secrets.password = toBase64(octets);
  return true;
}

function takeKey(section: Section, { local, secrets, companions }: Draft): boolean {
  if (!local.proofs.includes('certificate') && !local.methods.includes('tls')) return false;
  const path = section.settings.get('file')?.value;
  const file = path === undefined ? undefined : companions.find(path);
  const password = section.settings.get('secret')?.value;
  const opener = password === undefined ? undefined : toBase64(utf8(password));
  if (file?.pkcs12 !== undefined && secrets.pkcs12 === undefined) {
    secrets.pkcs12 = file.pkcs12;
    if (opener !== undefined) secrets.pkcs12Password = opener;
    return true;
  }
  const [key] = file?.keys ?? [];
  if (key === undefined || secrets.privateKey !== undefined) return false;
  secrets.privateKey = key;
  if (opener !== undefined) secrets.privateKeyPassword = opener;
  return true;
}

/** Identities are shown, the key is not, and what cannot be a key is refused. */
function answerPreshared(
  name: string,
  section: Section,
  answers: Answers,
  add: (path: string, value: string | undefined) => void,
): void {
  for (const [key, { value }] of section.settings) {
    const path = `secrets.${name}.${key}`;
    const isSecret = key.toLowerCase() === 'secret';
    if (isSecret && secretOf(section) === undefined) {
      const forms = 'text, hexadecimal after 0x, or base64 after 0s';
      answers.add('refused', path, undefined, `expected 1 to ${MAX_SECRET} octets: ${forms}`);
    } else if (isSecret || /^id/i.test(key)) {
      add(path, isSecret ? undefined : value);
    } else {
      answers.add('refused', path, undefined, 'this setting is unknown to Adit');
    }
  }
}
