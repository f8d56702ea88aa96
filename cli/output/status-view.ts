/** `adit status` for people. Whatever a gateway or a profile wrote is made printable. */
import type { PostQuantum, Status, TunnelState, TunnelStatus } from '#core/ipc/contract.ts';
import { explain } from '#core/failure/explain.ts';
import { printable } from '#core/text/printable.ts';
import { failureLines } from './failure-view.ts';
import { lockdownLines } from './lockdown-view.ts';
import type { Style } from './style.ts';
import { fields } from './table.ts';
import { bytes, clockTime, duration, secondsUntil } from './units.ts';

export const STATE_WORDS: Readonly<Record<TunnelState, string>> = {
  disconnected: 'not connected',
  connecting: 'connecting',
  connected: 'connected',
  reconnecting: 'reconnecting',
  disconnecting: 'disconnecting',
  failed: 'failed',
};

/** Lines for lockdown, where it is on, and all tunnels; `now` in milliseconds since 1970. */
export function statusLines({ tunnels, lockdown }: Status, now: number, style: Style): string[] {
  const above = lockdown?.on === true ? [...lockdownLines(lockdown, style), ''] : [];
  if (tunnels.length === 0)
    return [...above, 'No tunnel is up. Connect with adit up PROFILE; adit profiles lists them.'];
  return [
    ...above,
    ...tunnels.flatMap((tunnel, i) => [...(i > 0 ? [''] : []), ...tunnelLines(tunnel, now, style)]),
  ];
}

function tunnelLines(tunnel: TunnelStatus, now: number, style: Style): string[] {
  const { gateway, dns, ike } = tunnel;
  const colour = { connected: style.good, failed: style.bad, disconnected: style.dim }[
    tunnel.state as string
  ];
  const state = (colour ?? style.warn)(STATE_WORDS[tunnel.state] ?? printable(tunnel.state));
  const since = `since ${clockTime(tunnel.since, now)} (${duration(-secondsUntil(tunnel.since, now))})`;
  return [
    `${style.bold(printable(tunnel.profile.name))}  ${state} ${since}`,
    ...fields(
      [
        ['step', tunnel.step === null ? undefined : printable(tunnel.step)],
        ['again', tunnel.reconnect ? reconnectLines(tunnel.reconnect, now) : undefined],
        ['gateway', gateway ? gatewayText(gateway) : undefined],
        ['addresses', joined(tunnel.virtualIps)],
        [
          'interface',
          tunnel.interface ? `${printable(tunnel.interface.name)}, MTU ${tunnel.interface.mtu}` : undefined,
        ],
        ['DNS', dns.servers.length + dns.domains.length > 0 ? dnsText(dns) : undefined],
        ['NAT', tunnel.nat ? natText(tunnel.nat) : undefined],
        ['path', tunnel.path ? pathText(tunnel.path) : undefined],
        ['life', tunnel.liveness ? livenessText(tunnel.liveness, now) : undefined],
        ['IKE', ike ? ikeLines(ike, now) : undefined],
        [
          'weak',
          ike && ike.weak.length > 0
            ? style.warn(`${joined(ike.weak)}: broken or soon to be, ask for better`)
            : undefined,
        ],
        ['post-quantum', tunnel.postQuantum ? postQuantumText(tunnel.postQuantum) : undefined],
        ...tunnel.children.map((child) => ['child', childLines(child, now, style)] as const),
        ['last end', tunnel.lastEnd ? lastEndText(tunnel.lastEnd, now) : undefined],
        ['discarded', tunnel.discarded.map((sa) => discardedText(sa, now))],
      ],
      '  ',
    ),
    ...(tunnel.failure ? failureLines(tunnel.failure, style).map((line) => `  ${line}`) : []),
  ];
}

const joined = (texts: readonly string[]): string | undefined =>
  texts.length > 0 ? texts.map((text) => printable(text)).join(', ') : undefined;

function gatewayText({ address, port, id }: NonNullable<TunnelStatus['gateway']>): string {
  return `${endpointText({ address, port })}${id === null ? '' : ` (${printable(id)})`}`;
}

function endpointText({ address, port }: { readonly address: string; readonly port: number }): string {
  return address.includes(':') ? `[${printable(address)}]:${port}` : `${printable(address)}:${port}`;
}

function dnsText({ servers, domains, backend }: TunnelStatus['dns']): string {
  const forDomains = domains.length > 0 ? ` for ${joined(domains)}` : '';
  return `${joined(servers) ?? 'none'}${forDomains}${backend === null ? '' : ` (${printable(backend)})`}`;
}

function natText({ local, remote }: NonNullable<TunnelStatus['nat']>): string {
  if (local) return remote ? 'on both sides' : 'on our side';
  return remote ? 'on the gateway’s side' : 'none';
}

function reconnectLines(
  { attempt, nextAt, why }: NonNullable<TunnelStatus['reconnect']>,
  now: number,
): string[] {
  const next = nextAt === null ? 'now' : `in ${duration(secondsUntil(nextAt, now))}`;
  return [
    attempt === 0 && nextAt === null
      ? 'the gateway is asked whether it lives'
      : `try ${attempt + (nextAt === null ? 0 : 1)} ${next}`,
    ...(why ? [explain(why).sentence] : []),
  ];
}

function pathText({ local, remote, mobike }: NonNullable<TunnelStatus['path']>): string {
  return `${endpointText(local)} to ${endpointText(remote)}${mobike ? ', moves with us (MOBIKE)' : ''}`;
}

function livenessText(
  { lastProof, deadAfterSec }: NonNullable<TunnelStatus['liveness']>,
  now: number,
): string {
  const heard =
    lastProof === null ? 'nothing heard yet' : `heard ${duration(-secondsUntil(lastProof, now))} ago`;
  return `${heard}, counts as dead after ${duration(deadAfterSec)} of silence`;
}

function lastEndText({ at, why }: NonNullable<TunnelStatus['lastEnd']>, now: number): string {
  return `${clockTime(at, now)}: ${printable(why)}`;
}

function discardedText({ kind, spi, at, why }: TunnelStatus['discarded'][number], now: number): string {
  return `${clockTime(at, now)} ${kind === 'ike' ? 'IKE' : 'Child'} SA ${printable(spi)}: ${printable(why)}`;
}

function ikeLines(ike: NonNullable<TunnelStatus['ike']>, now: number): string[] {
  return [
    `IKEv${ike.version} ${printable(ike.suite)}`,
    `SPIs ${printable(ike.spiI)} (ours), ${printable(ike.spiR)} (the gateway’s)`,
    ...countdown(ike.rekeyAt, ike.expiresAt, now),
    ...(ike.reauthenticateAt
      ? [`another login in ${duration(secondsUntil(ike.reauthenticateAt, now))}`]
      : []),
  ];
}

const MEANS: Readonly<Record<PostQuantum, string>> = { 'ml-kem': 'ML-KEM', ppk: 'pre-shared key (PPK)' };

const postQuantumText = (means: readonly PostQuantum[]): string =>
  means.length > 0 ? means.map((one) => MEANS[one] ?? printable(one)).join(', ') : 'no';

function childLines(child: TunnelStatus['children'][number], now: number, style: Style): string[] {
  const { replayDrops, authFailures, selectorDrops } = child;
  const drops = [
    replayDrops > 0 ? `${replayDrops} replayed` : '',
    authFailures > 0 ? `${authFailures} forged or damaged` : '',
    selectorDrops > 0 ? `${selectorDrops} outside the selectors` : '',
  ].filter((text) => text !== '');
  return [
    `${printable(child.name)}: ${child.protocol} ${child.mode} ${printable(child.suite)}${carriageText(child)}`,
    `SPIs ${printable(child.spiIn)} (in), ${printable(child.spiOut)} (out)`,
    `${joined(child.localTs) ?? 'nothing'} to ${joined(child.remoteTs) ?? 'nothing'}`,
    `in ${bytes(child.bytesIn)} (${child.packetsIn} packets), out ${bytes(child.bytesOut)} (${child.packetsOut} packets)`,
    ...(drops.length > 0 ? [style.warn(`dropped: ${drops.join(', ')}`)] : []),
    ...countdown(child.rekeyAt, child.expiresAt, now),
    ...limits(child),
  ];
}

function carriageText({ encapsulated }: TunnelStatus['children'][number]): string {
  if (encapsulated === undefined) return '';
  return encapsulated ? ', in UDP' : ', as IP protocol 50';
}

/** What is left until new keys and until the end, by what the busier direction has carried. */
function limits(child: TunnelStatus['children'][number]): string[] {
  const carried = Math.max(child.bytesIn, child.bytesOut);
  const packets = Math.max(child.packetsIn, child.packetsOut);
  const { rekeyAtBytes, limitBytes, rekeyAtPackets, limitPackets } = child;
  const left = (limit: number, used: number): number => Math.max(0, limit - used);
  const parts = [
    ...(rekeyAtBytes === undefined ? [] : [`new keys after another ${bytes(left(rekeyAtBytes, carried))}`]),
    ...(limitBytes === undefined ? [] : [`ends after another ${bytes(left(limitBytes, carried))}`]),
    // Without a limit of the profile's own they are those of 32-bit sequence numbers, which nobody waits for.
    ...(rekeyAtPackets === undefined || limitPackets === undefined
      ? []
      : [`new keys after another ${left(rekeyAtPackets, packets)} packets`]),
    ...(limitPackets === undefined ? [] : [`ends after another ${left(limitPackets, packets)} packets`]),
  ];
  return parts.length > 0 ? [parts.join(', ')] : [];
}

function countdown(
  rekeyAt: string | null | undefined,
  expiresAt: string | null | undefined,
  now: number,
): string[] {
  const parts = [
    ...(rekeyAt ? [`new keys in ${duration(secondsUntil(rekeyAt, now))}`] : []),
    ...(expiresAt ? [`ends in ${duration(secondsUntil(expiresAt, now))}`] : []),
  ];
  return parts.length > 0 ? [parts.join(', ')] : [];
}
