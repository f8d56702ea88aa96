/**
 * The settings of `connections.<name>` (swanctl.conf(5)), a row each: what becomes of it in a profile. Called by
 * swanctl.ts; the rounds `local…` and `remote…` are in swanctl-rounds.ts.
 */
import { ignore, type Item, refuse, type Row, type Table } from '#core/profile/answers.ts';
import { decodeUtf8 } from '#core/bytes/utf8.ts';
import { parseIdentification } from '#core/ike/identification.ts';
import { checkHost, checkPpkId } from '#core/profile/check.ts';
import { type Draft, encapsulation, mobike, port, takeProposals } from '#core/profile/draft.ts';
import { IKE_LIFETIMES, type Lifetimes } from '#core/profile/swanctl-lifetimes.ts';
import { readList } from '#core/profile/swanctl-values.ts';
import { IdType } from '#core/registry/id-types.ts';
import { printable } from '#core/text/printable.ts';
import { AGAIN, GATEWAYS, IKEV1, KERNEL, REAUTHENTICATION } from '#core/profile/reasons.ts';

export interface SwanctlDraft extends Draft {
  readonly ikeLifetimes: Lifetimes;
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
  else if (after !== undefined) item.ignored(REAUTHENTICATION);
};

const certificateRequests: Row<Draft> = (item, { remote }) => {
  const on = item.switch();
  if (on === undefined) return;
  if (!on) remote.sendCertreq = false;
  item.taken();
};

/** Of ipsec.conf as well, in both dialects. */
export const fragmentation: Row<Draft> = (item, { ike }) => {
  const choice = item.value.toLowerCase();
  if (choice === 'no') {
    ike.fragmentBytes = 0;
    item.taken();
  } else if (choice === 'yes') item.taken();
  else if (choice === 'accept') item.changed('Adit also sends fragments where the gateway takes them');
  else if (choice === 'force') item.changed('Adit sends fragments only where a message does not fit');
  else item.problem('expected "yes", "accept", "force" or "no"');
};

const childless: Row<Draft> = (item) => {
  if (item.value.toLowerCase() === 'force')
    item.problem('childless initiation (RFC 6023) is not supported yet');
  else item.ignored('the first Child SA always comes with IKE_AUTH');
};

/** strongSwan takes it for an identity and sends that one's octets: of an address or a distinguished name no text. */
const ppkId: Row<Draft> = (item, { ppk }) => {
  const parsed = parseIdentification(item.value);
  const text = parsed ? decodeUtf8(parsed.data) : item.value;
  const isText = parsed === undefined || TEXTS.includes(parsed.type);
  if (!isText || text === undefined || text === '' || checkPpkId(text) !== undefined) {
    return item.problem('strongSwan sends it as octets that are no text; expected a name such as "ppk-1"');
  }
  ppk.id = text;
  if (text === item.value) item.taken();
  else item.changed(`becomes ${printable(text, 80)}`);
};

const TEXTS: readonly number[] = [IdType.ID_FQDN, IdType.ID_RFC822_ADDR, IdType.ID_KEY_ID];

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
    (item: Item, draft: SwanctlDraft): void => row(item, draft.ikeLifetimes),
  ]),
);

export const CONNECTION: Table<SwanctlDraft> = {
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
  mobike: mobike(),
  keyingtries: ignore(AGAIN),
  aggressive: ignore(IKEV1),
  pull: ignore(IKEV1),
  pools: ignore(GATEWAYS),
  send_certreq: certificateRequests,
  send_cert: ignore('our certificate is sent wherever we have one'),
  ocsp: ignore('whether the gateway brings an OCSP answer along is its own choice'),
  ppk_id: ppkId,
  ppk_required: (item, { ppk }) => {
    const on = item.switch();
    if (on === undefined) return;
    ppk.required = on;
    item.taken();
  },
  dscp: ignore('Adit gives IKE packets no DSCP'),
  if_id_in: ignore(KERNEL),
  if_id_out: ignore(KERNEL),
  mediation: demand('mediation'),
  mediated_by: refuse('mediation is not supported'),
  mediation_peer: refuse('mediation is not supported'),
};
