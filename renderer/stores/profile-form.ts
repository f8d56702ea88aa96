/**
 * A profile's common settings as a form has them: texts, a line an entry. Only what was changed goes back into the
 * profile, so nothing that the form does not show is touched. What is wrong is found as the helper would
 * refuse it: texts by core/profile/check.ts, numbers and lengths by the table below, which a test holds against
 * the schema (the schema itself, with its validator, stays out of the window).
 */
import type { FieldProblem } from '#core/ipc/profile-calls.ts';
import { profileProblems } from '#core/profile/check.ts';
import type { GatewayAuthentication, Profile } from '#core/profile/profile.ts';
import { outOfBound } from '#core/profile/schema-sentences.ts';
import { LIFETIME_UNITS, lifetimeOf, type LifetimeUnit } from '../format/lifetimes.ts';

export type Revocation = 'off' | 'soft' | 'strict';

export interface FormValues {
  readonly name: string;
  readonly addresses: string;
  readonly gatewayId: string;
  readonly localId: string;
  readonly user: string;
  readonly networks: 'everything' | 'some';
  readonly remoteTs: string;
  readonly dnsServers: string;
  readonly dnsDomains: string;
  readonly reconnect: boolean;
  readonly revocation: Revocation;
  readonly postQuantum: 'off' | 'prefer' | 'require';
  readonly ppkId: string;
  /** Counts where there is a `ppkId`. */
  readonly ppkRequired: boolean;
  readonly encapsulation: 'auto' | 'force';
  /** A number of `ikeLifetimeUnit`. */
  readonly ikeLifetime: string;
  readonly ikeLifetimeUnit: LifetimeUnit;
  readonly childLifetime: string;
  readonly childLifetimeUnit: LifetimeUnit;
  readonly ikeProposals: string;
  readonly childProposals: string;
}
export type FormField = keyof FormValues;

const EVERYTHING: readonly string[] = ['0.0.0.0/0', '::/0'];
const isEverything = (selectors: readonly string[]): boolean =>
  selectors.every((selector) => EVERYTHING.includes(selector));

const lines = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** What people write in one line too. */
const words = (text: string): string[] => text.split(/[\s,;]+/).filter((word) => word !== '');

const text = (value: string | undefined): string => value ?? '';

/** The user that EAP authenticates; undefined where the profile has no such login. */
export const hasUser = ({ authentication }: Profile): boolean => 'methods' in authentication;

/** Undefined where the gateway proves itself without certificates. */
export function revocationOf({ gateway, authentication }: Profile): Revocation | undefined {
  const proof = gateway.authentication;
  if (proof === undefined) return authentication.method === 'psk' ? undefined : 'soft';
  if (proof.method === 'psk') return undefined;
  const { crl, ocsp, strict } = proof.revocation;
  if (!crl && !ocsp) return 'off';
  return strict ? 'strict' : 'soft';
}

export function formOf(profile: Profile): FormValues {
  const { gateway, authentication, ike, child, dns } = profile;
  const everything = isEverything(child.remoteTs);
  const [ikeLifetime, childLifetime] = [lifetimeOf(ike.lifetimeSec), lifetimeOf(child.lifetimeSec)];
  return {
    name: profile.name,
    addresses: gateway.addresses.join('\n'),
    gatewayId: text(gateway.id),
    localId: text(authentication.localId),
    user: 'methods' in authentication ? text(authentication.user) : '',
    networks: everything ? 'everything' : 'some',
    remoteTs: everything ? '' : child.remoteTs.join('\n'),
    dnsServers: dns.servers.join('\n'),
    dnsDomains: dns.domains.join('\n'),
    reconnect: profile.reconnect.enabled,
    revocation: revocationOf(profile) ?? 'off',
    postQuantum: ike.postQuantum,
    ppkId: text(ike.ppk?.id),
    ppkRequired: ike.ppk?.required ?? false,
    encapsulation: ike.encapsulation,
    ikeLifetime: String(ikeLifetime.count),
    ikeLifetimeUnit: ikeLifetime.unit,
    childLifetime: String(childLifetime.count),
    childLifetimeUnit: childLifetime.unit,
    ikeProposals: ike.proposals.join('\n'),
    childProposals: child.proposals.join('\n'),
  };
}

/** The fields whose values differ. */
export function changedFields(before: FormValues, now: FormValues): FormField[] {
  return (Object.keys(now) as FormField[]).filter((field) => before[field] !== now[field]);
}

/** `profile` with what was changed in the form; `''` takes an optional text away. What is wrong goes in as it is. */
export function applied(profile: Profile, values: FormValues): Profile {
  let next = profile;
  for (const field of changedFields(formOf(profile), values)) next = SETTERS[field](next, values);
  return next;
}

type Setter = (profile: Profile, values: FormValues) => Profile;

/** `12x` is no number, and an empty field is none either. */
const seconds = (value: string, unit: LifetimeUnit): number =>
  /^\s*\d+\s*$/.test(value) ? Number(value) * LIFETIME_UNITS[unit] : Number.NaN;

const setRemoteTs: Setter = (profile, { networks, remoteTs }) => ({
  ...profile,
  child: { ...profile.child, remoteTs: networks === 'everything' ? [...EVERYTHING] : words(remoteTs) },
});

const setIkeLifetime: Setter = (profile, { ikeLifetime, ikeLifetimeUnit }) => ({
  ...profile,
  ike: { ...profile.ike, lifetimeSec: seconds(ikeLifetime, ikeLifetimeUnit) },
});
const setChildLifetime: Setter = (profile, { childLifetime, childLifetimeUnit }) => ({
  ...profile,
  child: { ...profile.child, lifetimeSec: seconds(childLifetime, childLifetimeUnit) },
});

const SETTERS: Readonly<Record<FormField, Setter>> = {
  name: (profile, { name }) => ({ ...profile, name: name.trim() }),
  addresses: (profile, { addresses }) => ({
    ...profile,
    gateway: { ...profile.gateway, addresses: words(addresses) },
  }),
  gatewayId(profile, { gatewayId }) {
    const { id: _, ...gateway } = profile.gateway;
    return { ...profile, gateway: { ...gateway, ...optional('id', gatewayId) } };
  },
  localId(profile, { localId }) {
    const { localId: _, ...authentication } = profile.authentication;
    return {
      ...profile,
      authentication: { ...authentication, ...optional('localId', localId) },
    };
  },
  user(profile, { user }) {
    if (!('methods' in profile.authentication)) return profile;
    const { user: _, ...authentication } = profile.authentication;
    return { ...profile, authentication: { ...authentication, ...optional('user', user) } };
  },
  networks: setRemoteTs,
  remoteTs: setRemoteTs,
  dnsServers: (profile, { dnsServers }) => ({
    ...profile,
    dns: { ...profile.dns, servers: words(dnsServers) },
  }),
  dnsDomains: (profile, { dnsDomains }) => ({
    ...profile,
    dns: { ...profile.dns, domains: words(dnsDomains) },
  }),
  reconnect: (profile, { reconnect }) => ({
    ...profile,
    reconnect: { ...profile.reconnect, enabled: reconnect },
  }),
  revocation: (profile, { revocation }) => ({
    ...profile,
    gateway: { ...profile.gateway, authentication: checking(profile.gateway.authentication, revocation) },
  }),
  postQuantum: (profile, { postQuantum }) => ({ ...profile, ike: { ...profile.ike, postQuantum } }),
  ppkId(profile, { ppkId, ppkRequired }) {
    const { ppk: _, ...ike } = profile.ike;
    const id = ppkId.trim();
    return { ...profile, ike: { ...ike, ...(id === '' ? {} : { ppk: { id, required: ppkRequired } }) } };
  },
  ppkRequired(profile, { ppkRequired }) {
    const { ppk } = profile.ike;
    return ppk ? { ...profile, ike: { ...profile.ike, ppk: { ...ppk, required: ppkRequired } } } : profile;
  },
  encapsulation: (profile, { encapsulation }) => ({ ...profile, ike: { ...profile.ike, encapsulation } }),
  ikeLifetime: setIkeLifetime,
  ikeLifetimeUnit: setIkeLifetime,
  childLifetime: setChildLifetime,
  childLifetimeUnit: setChildLifetime,
  ikeProposals: (profile, { ikeProposals }) => ({
    ...profile,
    ike: { ...profile.ike, proposals: lines(ikeProposals) },
  }),
  childProposals: (profile, { childProposals }) => ({
    ...profile,
    child: { ...profile.child, proposals: lines(childProposals) },
  }),
};

const optional = <K extends string>(key: K, value: string): { [N in K]?: string } =>
  (value.trim() === '' ? {} : { [key]: value.trim() }) as { [N in K]?: string };

/** How the gateway proves itself where the profile leaves that open: by certificate, with the system's anchors. */
const BY_CERTIFICATE: GatewayAuthentication = {
  method: 'certificate',
  ca: [],
  revocation: { crl: true, ocsp: true, strict: false },
  sendCertreq: true,
};

function checking(proof: GatewayAuthentication | undefined, wanted: Revocation): GatewayAuthentication {
  const current = proof ?? BY_CERTIFICATE;
  if (current.method === 'psk') return current;
  const { crl, ocsp } = current.revocation;
  const both = !crl && !ocsp;
  return {
    ...current,
    revocation:
      wanted === 'off'
        ? { crl: false, ocsp: false, strict: false }
        : { crl: crl || both, ocsp: ocsp || both, strict: wanted === 'strict' },
  };
}

/** Where each field stands in a profile. */
const PATHS: Readonly<Record<FormField, string>> = {
  name: 'name',
  addresses: 'gateway.addresses',
  gatewayId: 'gateway.id',
  localId: 'authentication.localId',
  user: 'authentication.user',
  networks: 'child.remoteTs',
  remoteTs: 'child.remoteTs',
  dnsServers: 'dns.servers',
  dnsDomains: 'dns.domains',
  reconnect: 'reconnect.enabled',
  revocation: 'gateway.authentication.revocation',
  postQuantum: 'ike.postQuantum',
  ppkId: 'ike.ppk.id',
  ppkRequired: 'ike.ppk.required',
  encapsulation: 'ike.encapsulation',
  ikeLifetime: 'ike.lifetimeSec',
  ikeLifetimeUnit: 'ike.lifetimeSec',
  childLifetime: 'child.lifetimeSec',
  childLifetimeUnit: 'child.lifetimeSec',
  ikeProposals: 'ike.proposals',
  childProposals: 'child.proposals',
};

/** Beside a field that says what is wrong with both. */
const BESIDE: ReadonlySet<FormField> = new Set(['networks', 'ikeLifetimeUnit', 'childLifetimeUnit']);

/** The field that shows a problem at `path`; undefined where none does. */
export function fieldAt(path: string): FormField | undefined {
  return (Object.keys(PATHS) as FormField[]).find(
    (field) => !BESIDE.has(field) && (path === PATHS[field] || path.startsWith(`${PATHS[field]}.`)),
  );
}

interface Bound {
  readonly path: string;
  readonly of: (profile: Profile) => string | number | readonly string[] | undefined;
  readonly least?: number;
  readonly most: number;
}

/** The schema's bounds on what the form can hold: of a number, of a text's characters, of a list's entries. */
export const BOUNDS: readonly Bound[] = [
  { path: 'name', of: ({ name }) => name, least: 1, most: 128 },
  { path: 'gateway.addresses', of: ({ gateway }) => gateway.addresses, least: 1, most: 16 },
  { path: 'gateway.id', of: ({ gateway }) => gateway.id, most: 1024 },
  { path: 'authentication.localId', of: ({ authentication }) => authentication.localId, most: 1024 },
  {
    path: 'authentication.user',
    of: ({ authentication }) => ('user' in authentication ? authentication.user : undefined),
    most: 256,
  },
  { path: 'child.remoteTs', of: ({ child }) => child.remoteTs, least: 1, most: 64 },
  { path: 'dns.servers', of: ({ dns }) => dns.servers, most: 16 },
  { path: 'dns.domains', of: ({ dns }) => dns.domains, most: 256 },
  { path: 'ike.ppk.id', of: ({ ike }) => ike.ppk?.id, most: 1024 },
  { path: 'ike.lifetimeSec', of: ({ ike }) => ike.lifetimeSec, least: 60, most: 604_800 },
  { path: 'child.lifetimeSec', of: ({ child }) => child.lifetimeSec, least: 60, most: 604_800 },
  { path: 'ike.proposals', of: ({ ike }) => ike.proposals, most: 32 },
  { path: 'child.proposals', of: ({ child }) => child.proposals, most: 32 },
];

function outOfBounds(profile: Profile): FieldProblem[] {
  return BOUNDS.flatMap(({ path, of, least = 0, most }): FieldProblem[] => {
    const value = of(profile);
    if (value === undefined) return [];
    if (Number.isNaN(value)) return [{ field: path, ...NOT_WHOLE }];
    const size = typeof value === 'number' ? value : value.length;
    const counted =
      typeof value === 'number' ? 'number' : typeof value === 'string' ? 'characters' : 'entries';
    if (size < least) return [{ field: path, ...outOfBound({ least }, counted, value) }];
    return size > most ? [{ field: path, ...outOfBound({ most }, counted, value) }] : [];
  });
}

const NOT_WHOLE = {
  problem: 'this is no number',
  remedy: 'expected a whole number',
  violation: { rule: 'not-whole' },
} as const;

/** Everything wrong with a profile as far as the window can tell; the helper has the last word. */
export function problemsOf(profile: Profile): FieldProblem[] {
  const bounds = outOfBounds(profile);
  const texts = profileProblems(profile).filter(({ field }) => !bounds.some((one) => one.field === field));
  return [...bounds, ...texts];
}
