/**
 * The settings of `connections.<name>` and of its authentication rounds `local…` and `remote…` (swanctl.conf(5)), a
 * row each: what becomes of it in a profile. Called by swanctl.ts.
 */
import { checkHost, checkIdentity, checkProposal, type Check } from '#core/profile/check.ts';
import type { ProfileInput } from '#core/profile/profile.ts';
import { ignore, type Item, onlyOff, refuse, type Row, type Table } from '#core/profile/swanctl-answers.ts';
import { IKE_LIFETIMES, type Lifetimes } from '#core/profile/swanctl-lifetimes.ts';
import { readList } from '#core/profile/swanctl-values.ts';
import { printable } from '#core/text/printable.ts';

/** A profile that grows. */
export interface Draft {
  readonly gateway: { addresses: string[]; port?: number; id?: string };
  readonly authentication: { method: 'psk'; localId?: string };
  readonly ike: NonNullable<ProfileInput['ike']>;
  readonly child: NonNullable<ProfileInput['child']>;
  readonly request: { ip4: boolean; ip6: boolean; dns: boolean };
  readonly ikeLifetimes: Lifetimes;
}

const IKEV1 = 'for IKEv1 only';
const CERTIFICATES = 'for certificates only; with a pre-shared key there are none';
const GATEWAYS = 'for gateways only';
const FILE = 'a profile opens no files; certificates are not supported yet';
const KERNEL = 'for the kernel of another client; Adit keeps its own adapter and routes';
const OWN_RETRIES = 'Adit decides itself how long to try and when to connect again';

/** `item`'s list into `into`, each entry checked; `default` means ours. */
export function takeProposals(item: Item, protocol: 'IKE' | 'ESP', into: string[]): void {
  const check = checkProposal(protocol);
  const texts = readList(item.value.toLowerCase());
  const named = texts.filter((text) => text !== 'default');
  const unusable = named.flatMap((text) => check(text) ?? []);
  const usable = named.filter((text) => check(text) === undefined);
  into.push(...usable);
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

/** A text that must pass `check`, put where `set` puts it. */
function checked(check: Check, set: (draft: Draft, text: string) => void): Row<Draft> {
  return (item, draft) => {
    const problem = check(item.value);
    if (problem !== undefined) return item.problem(problem);
    set(draft, item.value);
    item.taken();
  };
}

function port(set: (draft: Draft, port: number) => void, lowest: number): Row<Draft> {
  return (item, draft) => {
    const number = item.number();
    if (number === undefined) return;
    if (number < lowest || number > 65535) return item.problem(`expected a port from ${lowest} to 65535`);
    set(draft, number);
    item.taken();
  };
}

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
  else if (after !== undefined) item.ignored('reauthentication is not supported yet');
};

const fragmentation: Row<Draft> = (item) => {
  if (item.value.toLowerCase() === 'no') item.taken();
  else item.ignored('IKE fragmentation (RFC 7383) is not supported yet');
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
    (item: Item, draft: Draft): void => row(item, draft.ikeLifetimes),
  ]),
);

export const CONNECTION: Table<Draft> = {
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
  mobike: onlyOff('MOBIKE is not supported yet; after a change of network Adit connects anew'),
  keyingtries: ignore(OWN_RETRIES),
  aggressive: ignore(IKEV1),
  pull: ignore(IKEV1),
  pools: ignore(GATEWAYS),
  send_certreq: ignore(CERTIFICATES),
  send_cert: ignore(CERTIFICATES),
  ocsp: ignore(CERTIFICATES),
  ppk_id: refuse('postquantum pre-shared keys (RFC 8784) are not supported yet'),
  ppk_required: demand('a required postquantum pre-shared key (RFC 8784)'),
  dscp: ignore('Adit marks IKE packets as it sees fit'),
  if_id_in: ignore(KERNEL),
  if_id_out: ignore(KERNEL),
  mediation: demand('mediation'),
  mediated_by: refuse('mediation is not supported'),
  mediation_peer: refuse('mediation is not supported'),
};

const authentication: Row<unknown> = (item) => {
  if (item.value.toLowerCase() === 'psk') item.taken();
  else item.problem(`"${printable(item.value, 64)}" is not supported yet; supported is psk`);
};

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

const round = {
  auth: authentication,
  round: ignore('there is one round'),
  certs: refuse(FILE),
  pubkeys: refuse(FILE),
  xauth_id: ignore(IKEV1),
} as const;

export const LOCAL: Table<Draft> = {
  ...round,
  id: identity((draft, text) => (draft.authentication.localId = text)),
  eap_id: ignore('for EAP only'),
  aaa_id: ignore('for EAP only'),
};

export const REMOTE: Table<Draft> = {
  ...round,
  id: identity((draft, text) => (draft.gateway.id = text)),
  cacerts: refuse(FILE),
  ca_id: ignore(CERTIFICATES),
  cert_policy: ignore(CERTIFICATES),
  revocation: ignore(CERTIFICATES),
  groups: ignore(GATEWAYS),
};
