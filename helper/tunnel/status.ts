/** The status of a tunnel as the contract has it, from what its parts know. */
import { toHex } from '#core/bytes/bytes.ts';
import { describeEspSuite, describeIkeSuite, weaknesses } from '#core/crypto/suite.ts';
import type { Failure } from '#core/failure/failure.ts';
import { formatIdentification } from '#core/ike/identification.ts';
import { formatTrafficSelector } from '#core/ike/traffic-selector.ts';
import type { Discarded, TunnelQuestion, TunnelState, TunnelStatus } from '#core/ipc/contract.ts';
import { formatIp } from '#core/net/address.ts';
import type { SaCounters } from '../native/data-plane.ts';
import type { Association } from './association.ts';
import { type InstalledChild, spiText } from './child-sas.ts';
import type { Plan } from './plan.ts';

interface StatusInput {
  readonly profile: { readonly id: string; readonly name: string };
  readonly state: TunnelState;
  /** ISO 8601 */
  readonly since: string;
  readonly step: string | undefined;
  readonly failure: Failure | undefined;
  readonly association: Association | undefined;
  readonly counters: readonly SaCounters[];
  readonly carried: TunnelStatus['carried'];
  readonly plan: Plan | undefined;
  readonly dnsBackend: string | undefined;
  readonly tun: string | undefined;
  readonly question: TunnelQuestion | undefined;
  readonly reconnect: TunnelStatus['reconnect'];
  /** `undefined` where the profile never asks the gateway for life. */
  readonly deadAfterSec: number | undefined;
  readonly lastEnd: TunnelStatus['lastEnd'];
  readonly discarded: readonly Discarded[];
}

type ChildStatus = TunnelStatus['children'][number];

export function statusOf(input: StatusInput): TunnelStatus {
  const { association, plan } = input;
  return {
    profile: { id: input.profile.id, name: input.profile.name },
    state: input.state,
    since: input.since,
    step: input.step ?? null,
    gateway: gatewayOf(association),
    virtualIps: (plan?.link.addresses ?? association?.config?.addresses ?? []).map(({ address }) =>
      formatIp(address),
    ),
    dns: {
      servers: plan?.dns?.servers.map(formatIp) ?? [],
      domains: [...(plan?.dns?.domains ?? [])],
      backend: input.dnsBackend ?? null,
    },
    nat: association?.nat ?? null,
    interface: input.tun !== undefined && plan ? { name: input.tun, mtu: plan.link.mtu } : null,
    ike: ikeOf(association),
    ...(association?.ike ? { postQuantum: [...association.postQuantum] } : {}),
    children: [...(association?.children.values() ?? [])].map((installed) =>
      childOf(installed, input.counters),
    ),
    ...(input.carried === undefined ? {} : { carried: input.carried }),
    question: input.question ?? null,
    failure: input.failure ?? null,
    reconnect: input.reconnect,
    liveness: livenessOf(association, input.deadAfterSec),
    path: pathOf(association),
    lastEnd: input.lastEnd,
    discarded: [...input.discarded],
  };
}

function gatewayOf(association: Association | undefined): TunnelStatus['gateway'] {
  if (!association?.path) return null;
  const { address, port } = association.path.remote;
  return { address, port, id: association.ike ? formatIdentification(association.ike.remoteId) : null };
}

function pathOf(association: Association | undefined): TunnelStatus['path'] {
  if (!association?.path) return null;
  const { local, remote } = association.path;
  return { local, remote, mobike: association.ike !== undefined && association.mobike };
}

function livenessOf(
  association: Association | undefined,
  deadAfterSec: number | undefined,
): TunnelStatus['liveness'] {
  if (!association || deadAfterSec === undefined) return null;
  const { lastProof } = association;
  return { lastProof: lastProof === undefined ? null : new Date(lastProof).toISOString(), deadAfterSec };
}

function ikeOf(association: Association | undefined): TunnelStatus['ike'] {
  if (!association?.ike) return null;
  const { ike, deadlines } = association;
  return {
    version: 2,
    spiI: toHex(ike.spiI),
    spiR: toHex(ike.spiR),
    suite: describeIkeSuite(ike.suite),
    weak: weaknesses(ike.suite),
    rekeyAt: deadlines.rekeyAt ?? null,
    expiresAt: deadlines.expiresAt ?? null,
    reauthenticateAt: deadlines.reauthenticateAt ?? null,
  };
}

function childOf(
  { child, name, softLimit, rekeyAt, expiresAt }: InstalledChild,
  counters: readonly SaCounters[],
): ChildStatus {
  const counted = counters.find(({ spiIn }) => spiIn === child.spiIn);
  const { hardLimit } = child;
  return {
    name,
    spiIn: spiText(child.spiIn),
    spiOut: spiText(child.spiOut),
    protocol: 'ESP',
    mode: child.mode,
    encapsulated: child.encapsulation === 'udp',
    suite: describeEspSuite(child.suite),
    localTs: child.localTs.map(formatTrafficSelector),
    remoteTs: child.remoteTs.map(formatTrafficSelector),
    bytesIn: Number(counted?.bytesIn ?? 0n),
    bytesOut: Number(counted?.bytesOut ?? 0n),
    packetsIn: Number(counted?.packetsIn ?? 0n),
    packetsOut: Number(counted?.packetsOut ?? 0n),
    replayDrops: Number(counted?.replayDrops ?? 0n),
    authFailures: Number(counted?.authFailures ?? 0n),
    selectorDrops: Number(counted?.selectorDrops ?? 0n),
    ...(rekeyAt === undefined ? {} : { rekeyAt }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(softLimit.bytes === undefined ? {} : { rekeyAtBytes: Number(softLimit.bytes) }),
    ...(hardLimit.bytes === undefined ? {} : { limitBytes: Number(hardLimit.bytes) }),
    ...(softLimit.packets === undefined ? {} : { rekeyAtPackets: Number(softLimit.packets) }),
    ...(hardLimit.packets === undefined ? {} : { limitPackets: Number(hardLimit.packets) }),
  };
}
