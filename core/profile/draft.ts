/**
 * A profile that grows while an importer reads a file, whatever the format, and what becomes of it at the end: the
 * proofs of both sides put together, certificates and keys from files beside it, what is still missing. Setting tables
 * write into it; the importers call `finish`.
 */
import { type Answers, type Item, type Row } from '#core/profile/answers.ts';
import { problemsError } from '#core/profile/bounds.ts';
import { type Check, checkHost, checkIdentity, checkProfile, checkProposal } from '#core/profile/check.ts';
import { attach, type Companions } from '#core/profile/companions.ts';
import { missingEntries } from '#core/profile/missing.ts';
import {
  type EapInnerMethod,
  type ImportedProfile,
  type ImportError,
  type ProfileInput,
  profileSchema,
  type Secrets,
} from '#core/profile/profile.ts';
import { sentences } from '#core/profile/schema-sentences.ts';
import { readList } from '#core/profile/swanctl-values.ts';
import { printable } from '#core/text/printable.ts';

/** How a side proves itself; two of ours make a second round (RFC 4739). */
export type Proof = 'psk' | 'certificate' | 'eap';
export type EapMethod = 'mschapv2' | 'tls' | 'ttls' | 'peap' | 'gtc' | 'md5';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface Draft {
  name: string;
  readonly gateway: { addresses: string[]; port?: number; id?: string; redirects?: string[] };
  readonly local: {
    readonly proofs: Proof[];
    localId?: string;
    user?: string;
    anonymousIdentity?: string;
    methods: EapMethod[];
    innerMethod?: EapInnerMethod;
    aaaId?: string;
    rsaPss?: boolean;
    certificate?: string;
    readonly chain: string[];
  };
  readonly remote: {
    proof?: 'psk' | 'certificate' | 'eap-only';
    readonly ca: string[];
    certificate?: string;
    revocation?: { crl?: boolean; ocsp?: boolean; strict?: boolean };
    sendCertreq?: boolean;
  };
  readonly ike: NonNullable<ProfileInput['ike']>;
  readonly child: NonNullable<ProfileInput['child']>;
  readonly request: { ip4: boolean; ip6: boolean; dns: boolean };
  readonly dns: { servers: string[]; domains: string[] };
  mtu?: number;
  /** Of a post-quantum pre-shared key (RFC 8784), what is said so far. */
  readonly ppk: { id?: string; required?: boolean };
  readonly secrets: Mutable<Secrets>;
  /** Files that came with the same import. */
  readonly companions: Companions;
}

/** MOBIKE (RFC 4555), of whatever a format calls it; `negated` where it has a switch that turns it off. */
export const mobike =
  (negated = false): Row<Draft> =>
  (item, { ike }) => {
    const on = item.switch();
    if (on === undefined) return;
    ike.mobike = on !== negated;
    item.taken();
  };

/** UDP around ESP (RFC 3948), of whatever a format calls it: forced, or only where a NAT is found. */
export const encapsulation: Row<Draft> = (item, { ike }) => {
  const on = item.switch();
  if (on === undefined) return;
  ike.encapsulation = on ? 'force' : 'auto';
  item.taken();
};

export const newDraft = (name: string, companions: Companions): Draft => ({
  name: printable(name, 128),
  gateway: { addresses: [] },
  local: { proofs: [], methods: [], chain: [] },
  remote: { ca: [] },
  ike: {},
  child: {},
  request: { ip4: true, ip6: true, dns: true },
  dns: { servers: [], domains: [] },
  ppk: {},
  secrets: {},
  companions,
});

/** The profile that `draft` became, or undefined where `answers` holds problems. `place` names it in sentences. */
export function finish(draft: Draft, answers: Answers, place: string): ImportedProfile | undefined {
  if (draft.gateway.addresses.length === 0 && answers.problems.length === 0) {
    answers.problem('', place, 'names no gateway; expected a host name or an address');
  }
  if (draft.ppk.required === true && draft.ppk.id === undefined) {
    answers.problem('', place, 'requires a post-quantum pre-shared key (RFC 8784) and names none');
  }
  attach(draft, draft.companions, answers);
  const authentication = authenticationOf(draft);
  if (!authentication) {
    const found = draft.local.proofs.join(' and ') || 'nothing';
    answers.problem(
      '',
      place,
      `we cannot prove ourselves by ${found}; expected a pre-shared key, a certificate, EAP, or a certificate and then EAP`,
    );
  }
  if (answers.problems.length > 0 || !authentication) return undefined;
  const { name, gateway, child, request, dns, mtu, secrets } = draft;
  const { id, required = false } = draft.ppk;
  const ike = id === undefined ? draft.ike : { ...draft.ike, ppk: { id, required } };
  const proof = gatewayProofOf(draft);
  const profile: ProfileInput = {
    format: 'adit-profile',
    version: 1,
    name,
    gateway: { ...gateway, ...(proof ? { authentication: proof } : {}) },
    authentication,
    ike,
    child,
    request,
    ...(dns.servers.length + dns.domains.length > 0 ? { dns } : {}),
    ...(mtu === undefined ? {} : { mtu }),
  };
  const parsed = profileSchema.safeParse(profile);
  const left = parsed.success ? checkProfile(parsed.data) : sentences(parsed.error, profile);
  for (const sentence of left) answers.problem('', place, sentence);
  if (left.length > 0) return undefined;
  return { profile, secrets, report: [...answers.entries, ...missingEntries(profile, secrets)] };
}

function authenticationOf({ local }: Draft): ProfileInput['authentication'] | undefined {
  const { proofs, chain, methods, innerMethod, user, anonymousIdentity, aaaId, localId } = local;
  const identity = localId === undefined ? {} : { localId };
  const certified = {
    ...(local.certificate === undefined ? {} : { certificate: local.certificate }),
    ...(chain.length > 0 ? { chain: chain.slice(0, 8) } : {}),
    ...(local.rsaPss === undefined ? {} : { rsaPss: local.rsaPss }),
  };
  const eap = {
    ...(user === undefined ? {} : { user }),
    ...(anonymousIdentity === undefined ? {} : { anonymousIdentity }),
    ...(methods.length > 0 ? { methods } : {}),
    ...(innerMethod === undefined ? {} : { innerMethod }),
    ...(aaaId === undefined ? {} : { aaaId }),
  };
  switch (proofs.join(',')) {
    case 'psk':
      return { method: 'psk', ...identity };
    case 'certificate':
      return { method: 'certificate', ...identity, ...certified };
    case 'eap':
      return { method: 'eap', ...identity, ...eap, ...certified };
    case 'certificate,eap':
      return { method: 'certificate-eap', ...identity, ...eap, ...certified };
    default:
      return undefined;
  }
}

type GatewayProof = ProfileInput['gateway']['authentication'];

/** Undefined where it is the pre-shared key on both sides, which a profile need not say. */
function gatewayProofOf({ local, remote }: Draft): GatewayProof {
  const ourKeyAlone = local.proofs[0] === 'psk';
  const method = remote.proof ?? (ourKeyAlone ? 'psk' : 'certificate');
  if (method === 'psk') return ourKeyAlone ? undefined : { method };
  // Where nobody else is named, the gateway's own certificate vouches for itself, as it does for whoever wrote the file.
  const trusted = remote.ca.length > 0 || remote.certificate === undefined ? remote.ca : [remote.certificate];
  const ca = trusted.length > 0 ? { ca: [...new Set(trusted)].slice(0, 32) } : {};
  const revocation = remote.revocation ? { revocation: remote.revocation } : {};
  if (method === 'eap-only') return { method, ...ca, ...revocation };
  return {
    method,
    ...ca,
    ...(remote.certificate === undefined ? {} : { certificate: remote.certificate }),
    ...revocation,
    ...(remote.sendCertreq === undefined ? {} : { sendCertreq: remote.sendCertreq }),
  };
}

/** What an importer of several connections found: profiles, and why the others are none. */
export interface Candidate {
  /** As the report names it: `connections.home`. */
  readonly path: string;
  readonly imported: ImportedProfile | undefined;
  readonly answers: Answers;
}

/**
 * The profiles among `candidates`. Those that cannot be imported are named in the first one's report; where all
 * cannot, throws ImportError with their problems.
 */
export function accepted(candidates: readonly Candidate[]): ImportedProfile[] {
  const good = candidates.flatMap(({ imported }) => imported ?? []);
  const [first, ...others] = good;
  if (!first) throw problemsOfAll(candidates);
  const refused = candidates.flatMap(({ path, imported, answers }) =>
    imported
      ? []
      : [
          {
            outcome: 'refused' as const,
            setting: printable(path),
            reason: problemsError(answers.problems).message.replaceAll('\n', '; '),
          },
        ],
  );
  return [{ ...first, report: [...first.report, ...refused] }, ...others];
}

const problemsOfAll = (candidates: readonly Candidate[]): ImportError =>
  problemsError(candidates.flatMap(({ answers }) => answers.problems));

/** `item`'s list into `into`, each entry checked; `default` means ours. */
export function takeProposals(
  item: Item,
  protocol: 'IKE' | 'ESP',
  into: string[],
  texts = proposalList(item),
): void {
  const check = checkProposal(protocol);
  const named = texts.filter((text) => text !== 'default');
  const unusable = named.flatMap((text) => check(text) ?? []);
  const usable = named.filter((text) => check(text) === undefined);
  into.push(...usable.slice(0, 32));
  if (texts.length === 0 || (usable.length === 0 && unusable.length > 0)) {
    item.problem(unusable.join('; ') || 'expected proposals such as aes256gcm16-prfsha384-ecp384');
  } else if (unusable.length > 0) {
    item.changed(`left out: ${unusable.join('; ')}`);
  } else if (named.length > 0 && named.length < texts.length) {
    item.changed('only the named proposals are offered; "default" adds nothing to them');
  } else {
    item.taken();
  }
}

const proposalList = (item: Item): string[] => readList(item.value.toLowerCase());

/** A text that must pass `check`, put where `set` puts it. */
export function checked(check: Check, set: (draft: Draft, text: string) => void): Row<Draft> {
  return (item, draft) => {
    const problem = check(item.value);
    if (problem !== undefined) return item.problem(problem);
    set(draft, item.value);
    item.taken();
  };
}

export const host: Row<Draft> = checked(checkHost, (draft, text) => draft.gateway.addresses.push(text));
export const gatewayId: Row<Draft> = checked(checkIdentity, (draft, text) => (draft.gateway.id = text));
export const localId: Row<Draft> = checked(checkIdentity, (draft, text) => (draft.local.localId = text));

export function port(set: (draft: Draft, port: number) => void, lowest: number): Row<Draft> {
  return (item, draft) => {
    const number = item.number();
    if (number === undefined) return;
    if (number < lowest || number > 65535) return item.problem(`expected a port from ${lowest} to 65535`);
    set(draft, number);
    item.taken();
  };
}

/** A number from `lowest` to `highest`; one outside becomes the nearer end. `scale` turns the file's unit into ours. */
export function within(
  lowest: number,
  highest: number,
  set: (draft: Draft, number: number) => void,
  scale = 1,
): Row<Draft> {
  return (item, draft) => {
    const number = item.number();
    if (number === undefined) return;
    const near = Math.min(Math.max(number * scale, lowest), highest);
    set(draft, near);
    if (near === number * scale) item.taken();
    else item.changed(`the nearest possible is ${near / scale}`);
  };
}
