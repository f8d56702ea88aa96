/** The details of a tunnel as sections of label and value: the view draws them, and "copy all" writes them. Pure. */
import type { LockdownStatus, TunnelStatus } from '#core/ipc/contract.ts';
import { explain } from '#core/failure/explain.ts';
import { printable } from '#core/text/printable.ts';
import { bytes, elapsed, endpoint, secondsSince } from '../../format/units.ts';
import type { Language as Spoken } from '#core/text/languages.ts';
import { goneReason } from '../../i18n/gone-reasons.ts';
import type { Text } from '../../i18n/text.ts';
import { LOOKS, mlKemNames } from './presentation.ts';

export interface Row {
  readonly label: string;
  /** A line each; addresses and keys are of `kind` code. */
  readonly values: readonly string[];
  readonly kind: 'text' | 'code' | 'number';
}

export interface Section {
  readonly title: string;
  readonly rows: readonly Row[];
}

type Ike = NonNullable<TunnelStatus['ike']>;
type Child = TunnelStatus['children'][number];

interface Language {
  readonly t: Text;
  readonly locale: string;
  /** For words that core/ has. */
  readonly spoken: Spoken;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Rows without a value are left out. */
export function detailsOf(tunnel: TunnelStatus, language: Language, lockdown?: LockdownStatus): Section[] {
  const { t } = language;
  return [
    { title: t('details.tunnel'), rows: [...tunnelRows(tunnel, language), lockdownRow(lockdown, t)] },
    ...(tunnel.ike ? [{ title: t('details.ike'), rows: ikeRows(tunnel.ike, language) }] : []),
    ...tunnel.children.map((child, at) => ({
      title: t('details.child', { number: at + 1 }),
      rows: childRows(child, language),
    })),
    ...discardedSection(tunnel, language),
    ...failureSection(tunnel, language),
  ].map(({ title, rows }) => ({ title, rows: rows.filter(({ values }) => values.length > 0) }));
}

const text = (label: string, ...values: string[]): Row => ({
  label,
  values: values.map(clean),
  kind: 'text',
});
const code = (label: string, ...values: string[]): Row => ({
  label,
  values: values.map(clean),
  kind: 'code',
});
const number = (label: string, ...values: string[]): Row => ({ label, values, kind: 'number' });
const clean = (value: string): string => printable(value);

function tunnelRows(tunnel: TunnelStatus, language: Language): Row[] {
  const { t, now } = language;
  const { gateway, dns, nat } = tunnel;
  const since = moment(tunnel.since, language);
  return [
    text(t('fact.profile'), tunnel.profile.name),
    text(t('details.state'), t(LOOKS[tunnel.state].heading)),
    number(t('details.since'), `${since} (${elapsed(secondsSince(tunnel.since, now))})`),
    text(t('details.step'), ...(tunnel.step === null ? [] : [tunnel.step])),
    code(t('details.gateway'), ...(gateway ? [endpoint(gateway)] : [])),
    code(t('details.gateway-id'), ...(gateway?.id ? [gateway.id] : [])),
    code(t('details.addresses'), ...tunnel.virtualIps),
    code(
      t('details.interface'),
      ...(tunnel.interface
        ? [t('details.mtu', { ...tunnel.interface, mtu: String(tunnel.interface.mtu) })]
        : []),
    ),
    code(t('details.dns-servers'), ...dns.servers),
    code(t('details.dns-domains'), ...dns.domains),
    text(t('details.dns-backend'), ...(dns.backend === null ? [] : [dns.backend])),
    text(t('details.nat'), ...(nat ? [natText(nat, t)] : [])),
    ...pathRows(tunnel, language),
    postQuantumRow(tunnel, t),
    ...livenessRows(tunnel, language),
  ];
}

/** A helper that says nothing of it, and a tunnel without an IKE SA, have none. */
function postQuantumRow(tunnel: TunnelStatus, t: Text): Row {
  const label = t('details.post-quantum');
  const means = tunnel.postQuantum;
  if (means?.length === 0) return text(label, t('details.post-quantum.none'));
  return text(
    label,
    ...(means?.includes('ml-kem') ? mlKemNames(tunnel) : []),
    ...(means?.includes('ppk') ? [t('details.post-quantum.ppk')] : []),
  );
}

/** While it is on: it explains what is not within reach. */
function lockdownRow(lockdown: LockdownStatus | undefined, t: Text): Row {
  const label = t('details.lockdown');
  if (!lockdown?.on) return text(label);
  const { lan, byAdmin, fault } = lockdown;
  return text(
    label,
    t(fault === null ? 'details.lockdown.on' : 'details.lockdown.fault'),
    ...(fault === null ? [] : [fault]),
    ...(lan ? [t('details.lockdown.lan')] : []),
    ...(byAdmin ? [t('details.lockdown.by-admin')] : []),
  );
}

function pathRows({ path }: TunnelStatus, { t }: Language): Row[] {
  if (!path) return [];
  return [
    code(
      t('details.path'),
      t('details.path.value', { from: endpoint(path.local), to: endpoint(path.remote) }),
    ),
    text(t('details.mobike'), t(path.mobike ? 'details.mobike.yes' : 'details.mobike.no')),
  ];
}

function livenessRows({ liveness, reconnect, lastEnd }: TunnelStatus, language: Language): Row[] {
  const { t, now } = language;
  const ago = (time: string): string =>
    t('details.ago', { when: moment(time, language), time: elapsed(secondsSince(time, now)) });
  const proof = liveness?.lastProof;
  return [
    number(t('details.proof'), ...(proof ? [ago(proof)] : [])),
    number(
      t('details.dead-after'),
      ...(liveness ? [t('details.seconds', { seconds: liveness.deadAfterSec })] : []),
    ),
    number(t('details.attempt'), ...(reconnect ? [String(reconnect.attempt)] : [])),
    text(t('details.last-end'), ...(lastEnd ? [moment(lastEnd.at, language), endOf(lastEnd, language)] : [])),
  ];
}

/** The failure in the person's language; without one somebody took it down, and the helper says in English at which step. */
function endOf({ why, failure }: NonNullable<TunnelStatus['lastEnd']>, { t, spoken }: Language): string {
  if (failure) return explain(failure, spoken).sentence;
  return spoken === 'en' ? why : t('details.taken-down');
}

const moment = (time: string, { locale }: Language): string =>
  new Date(time).toLocaleString(locale, { dateStyle: 'medium', timeStyle: 'medium' });

const carriage = (encapsulated: boolean | undefined, t: Text): string[] =>
  encapsulated === undefined ? [] : [t(encapsulated ? 'details.protocol.udp' : 'details.protocol.bare')];

function natText({ local, remote }: NonNullable<TunnelStatus['nat']>, t: Text): string {
  if (local) return t(remote ? 'details.nat.both' : 'details.nat.local');
  return t(remote ? 'details.nat.remote' : 'details.nat.none');
}

function ikeRows(ike: Ike, language: Language): Row[] {
  const { t } = language;
  return [
    text(t('details.version'), `IKEv${ike.version}`),
    code(t('details.suite'), ike.suite),
    code(t('details.weak'), ...ike.weak),
    code(t('details.spi-ours'), ike.spiI),
    code(t('details.spi-theirs'), ike.spiR),
    ...countdowns(ike, language),
    number(t('details.reauthenticate'), ...left(ike.reauthenticateAt, language)),
  ];
}

function childRows(child: Child, language: Language): Row[] {
  const { t, locale } = language;
  const amount = (octets: number, packets: number): string =>
    t('details.amount', { bytes: bytes(octets, locale), packets });
  const drops = (count: number): string[] => (count === 0 ? [] : [count.toLocaleString(locale)]);
  return [
    text(
      t('details.protocol'),
      t(`details.mode.${child.mode}`, { protocol: child.protocol }),
      ...carriage(child.encapsulated, t),
    ),
    code(t('details.suite'), child.suite),
    code(t('details.spi-in'), child.spiIn),
    code(t('details.spi-out'), child.spiOut),
    code(t('details.local-ts'), ...child.localTs),
    code(t('details.remote-ts'), ...child.remoteTs),
    number(t('details.received'), amount(child.bytesIn, child.packetsIn)),
    number(t('details.sent'), amount(child.bytesOut, child.packetsOut)),
    number(t('details.replay-drops'), ...drops(child.replayDrops)),
    number(t('details.auth-failures'), ...drops(child.authFailures)),
    number(t('details.selector-drops'), ...drops(child.selectorDrops)),
    ...countdowns(child, language),
    ...limits(child, language),
  ];
}

function countdowns(
  {
    rekeyAt,
    expiresAt,
  }: { readonly rekeyAt?: string | null | undefined; readonly expiresAt?: string | null | undefined },
  language: Language,
): Row[] {
  return [
    number(language.t('details.rekey'), ...left(rekeyAt, language)),
    number(language.t('details.expires'), ...left(expiresAt, language)),
  ];
}

const left = (time: string | null | undefined, { now }: Language): string[] =>
  time ? [elapsed(-secondsSince(time, now))] : [];

/** What may still be carried, by the direction that has carried more. */
function limits(child: Child, { t, locale }: Language): Row[] {
  const octets = Math.max(child.bytesIn, child.bytesOut);
  const packets = Math.max(child.packetsIn, child.packetsOut);
  const inBytes = (limit: number | undefined): string[] =>
    limit === undefined ? [] : [bytes(Math.max(0, limit - octets), locale)];
  const inPackets = (limit: number | undefined): string[] =>
    limit === undefined ? [] : [t('details.packets', { packets: Math.max(0, limit - packets) })];
  return [
    number(t('details.rekey-after'), ...inBytes(child.rekeyAtBytes), ...inPackets(child.rekeyAtPackets)),
    number(t('details.ends-after'), ...inBytes(child.limitBytes), ...inPackets(child.limitPackets)),
  ];
}

function discardedSection({ discarded }: TunnelStatus, language: Language): Section[] {
  if (discarded.length === 0) return [];
  const { t } = language;
  const rows = discarded
    .toReversed()
    .map(({ kind, spi, at, why }) =>
      text(
        t(kind === 'ike' ? 'details.discarded.ike' : 'details.discarded.child', { spi }),
        moment(at, language),
        goneReason(why, language.spoken),
      ),
    );
  return [{ title: t('details.discarded'), rows }];
}

function failureSection({ failure }: TunnelStatus, { t, spoken }: Language): Section[] {
  if (!failure) return [];
  const { sentence, cause, remedy, details } = explain(failure, spoken);
  const rows = [
    text(t('state.failed'), sentence, cause),
    text(t('failure.try'), remedy),
    text(t('failure.details'), ...details),
  ];
  return [{ title: t('state.failed'), rows }];
}

/** For an administrator's mail: sections, then `label: value`. */
export function asText(sections: readonly Section[]): string {
  return sections
    .map(({ title, rows }) =>
      [title, ...rows.map(({ label, values }) => `  ${label}: ${values.join(', ')}`)].join('\n'),
    )
    .join('\n\n');
}
