/** `adit status` for people. Whatever a gateway or a profile wrote is made printable. */
import type { Status, TunnelState, TunnelStatus } from '#core/ipc/contract.ts';
import { printable } from '#core/text/printable.ts';
import { failureLines } from './failure-view.ts';
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

/** Lines for all tunnels; `now` in milliseconds since 1970. */
export function statusLines(status: Status, now: number, style: Style): string[] {
  if (status.tunnels.length === 0)
    return ['No tunnel is up. Connect with adit up PROFILE; adit profiles lists them.'];
  return status.tunnels.flatMap((tunnel, i) => [...(i > 0 ? [''] : []), ...tunnelLines(tunnel, now, style)]);
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
        ['gateway', gateway ? gatewayText(gateway) : undefined],
        ['addresses', joined(tunnel.virtualIps)],
        [
          'interface',
          tunnel.interface ? `${printable(tunnel.interface.name)}, MTU ${tunnel.interface.mtu}` : undefined,
        ],
        ['DNS', dns.servers.length + dns.domains.length > 0 ? dnsText(dns) : undefined],
        ['NAT', tunnel.nat ? natText(tunnel.nat) : undefined],
        ['IKE', ike ? ikeLines(ike, now) : undefined],
        [
          'weak',
          ike && ike.weak.length > 0
            ? style.warn(`${joined(ike.weak)}: broken or soon to be, ask for better`)
            : undefined,
        ],
        ...tunnel.children.map((child) => ['child', childLines(child, now, style)] as const),
      ],
      '  ',
    ),
    ...(tunnel.failure ? failureLines(tunnel.failure, style).map((line) => `  ${line}`) : []),
  ];
}

const joined = (texts: readonly string[]): string | undefined =>
  texts.length > 0 ? texts.map((text) => printable(text)).join(', ') : undefined;

function gatewayText({ address, port, id }: NonNullable<TunnelStatus['gateway']>): string {
  const host = address.includes(':') ? `[${printable(address)}]` : printable(address);
  return `${host}:${port}${id === null ? '' : ` (${printable(id)})`}`;
}

function dnsText({ servers, domains, backend }: TunnelStatus['dns']): string {
  const forDomains = domains.length > 0 ? ` for ${joined(domains)}` : '';
  return `${joined(servers) ?? 'none'}${forDomains}${backend === null ? '' : ` (${printable(backend)})`}`;
}

function natText({ local, remote }: NonNullable<TunnelStatus['nat']>): string {
  if (local) return remote ? 'on both sides' : 'on our side';
  return remote ? 'on the gateway’s side' : 'none';
}

function ikeLines(ike: NonNullable<TunnelStatus['ike']>, now: number): string[] {
  return [
    `IKEv${ike.version} ${printable(ike.suite)}`,
    `SPIs ${printable(ike.spiI)} (ours), ${printable(ike.spiR)} (the gateway’s)`,
    ...countdown(ike.rekeyAt, ike.expiresAt, now),
  ];
}

function childLines(child: TunnelStatus['children'][number], now: number, style: Style): string[] {
  const { replayDrops, authFailures, selectorDrops } = child;
  const drops = [
    replayDrops > 0 ? `${replayDrops} replayed` : '',
    authFailures > 0 ? `${authFailures} forged or damaged` : '',
    selectorDrops > 0 ? `${selectorDrops} outside the selectors` : '',
  ].filter((text) => text !== '');
  return [
    `${child.protocol} ${child.mode} ${printable(child.suite)}`,
    `SPIs ${printable(child.spiIn)} (in), ${printable(child.spiOut)} (out)`,
    `${joined(child.localTs) ?? 'nothing'} to ${joined(child.remoteTs) ?? 'nothing'}`,
    `in ${bytes(child.bytesIn)} (${child.packetsIn} packets), out ${bytes(child.bytesOut)} (${child.packetsOut} packets)`,
    ...(drops.length > 0 ? [style.warn(`dropped: ${drops.join(', ')}`)] : []),
    ...countdown(child.rekeyAt, child.expiresAt, now),
  ];
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
