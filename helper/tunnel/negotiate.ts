/**
 * Finds a gateway that answers: each address in turn gets a whole attempt of its own. An address that is silent or
 * out of reach leads to the next; an answer of any kind, also a refusal, ends the search.
 */
import type { Failure } from '#core/failure/failure.ts';
import { formatIp } from '#core/net/address.ts';
import type { Path } from '#core/net/address.ts';
import type { Profile } from '#core/profile/profile.ts';
import type { RedirectTarget } from '#core/ikev2/redirect-target.ts';
import type { RetransmitPolicy } from '#core/ikev2/connection-types.ts';
import type { Clock } from '../clock.ts';
import { unlessAborted } from './abort.ts';
import type { Association } from './association.ts';
import type { Redirects } from './redirects.ts';
import { candidates } from './candidates.ts';
import type { KnownAddresses, Lookup } from './candidates.ts';
import type { PortProbe } from './closed-port.ts';
import { TunnelError } from './failures.ts';
import type { GatewayAddresses } from './gateway-addresses.ts';
import { HASTY, PATIENT, STEADY } from './retransmission.ts';
import { type WaySources, wayTo } from './way.ts';

interface NegotiateOptions extends WaySources {
  readonly gateway: Profile['gateway'];
  readonly resolver: Lookup;
  readonly outside?: Lookup | undefined;
  readonly isPortClosed: PortProbe;
  /** What earlier attempts of this tunnel learned; it is added to. */
  readonly known: KnownAddresses;
  readonly remembered: GatewayAddresses;
  readonly clock: Clock;
  /** The tunnel was connected before: silence is given up sooner. */
  readonly again: boolean;
  /** A fresh attempt, already started. */
  readonly begin: (to: Beginning) => Association;
  /** The address of the gateway that sends us to these, with the name that led to it (RFC 5685). */
  readonly from?: { readonly address: string; readonly host: string } | undefined;
  readonly redirects: Redirects;
  readonly onStep: (step: string) => void;
  readonly signal: AbortSignal;
}

export interface Beginning {
  readonly path: Path;
  /** What was dialled; whoever is sent elsewhere still wants the identity of that. */
  readonly host: string;
  readonly retransmitInit: RetransmitPolicy;
  /** The address of the gateway that has sent us here. */
  readonly from?: string;
}

export interface Negotiated {
  readonly association: Association;
  /** MTU of the way to the gateway. */
  readonly outerMtu: number;
}

/** Resolves when a Child SA is in place, or with `undefined` when `signal` ended the search. Throws TunnelError. */
export async function negotiate(options: NegotiateOptions): Promise<Negotiated | undefined> {
  const failures: Failure[] = [];
  for await (const candidate of candidates(options)) {
    if (options.signal.aborted) return undefined;
    if ('failure' in candidate) {
      failures.push(candidate.failure);
      continue;
    }
    const way = await wayTo(candidate.address, options);
    if (options.signal.aborted) return undefined;
    if ('cause' in way) {
      failures.push(way);
      continue;
    }
    const policy = candidate.more ? HASTY : STEADY;
    const { address: from, host = candidate.host } = options.from ?? {};
    const association = options.begin({
      path: way.path,
      host,
      retransmitInit: options.again ? policy : PATIENT,
      ...(from === undefined ? {} : { from }),
    });
    const outcome = await outcomeOf(association, options.signal);
    if (outcome === 'aborted') return undefined;
    if (outcome === 'ready') return { association, outerMtu: way.mtu };
    await association.leave();
    const { sentTo } = association;
    if (sentTo && outcome === undefined) {
      const there = await follow(sentTo, { address: formatIp(candidate.address), host }, options);
      if (there === undefined || 'association' in there) return there;
      failures.push(there);
      continue;
    }
    const failure: Failure = outcome ?? { cause: 'closed-by-peer', detail: 'the gateway ended the exchange' };
    if (!isSilence(failure)) throw new TunnelError(failure);
    failures.push(failure);
  }
  throw new TunnelError(await withClosed(summary(failures, options.gateway.addresses), options));
}

/**
 * Leaves at once when `signal` aborts, in the middle of whatever aborts it: the gateway's answer may be the next datagram, and
 * would be answered with a login that nobody wants.
 */
async function outcomeOf(
  association: Association,
  signal: AbortSignal,
): Promise<'ready' | 'aborted' | Failure | undefined> {
  const leave = (): void => void association.leave();
  signal.addEventListener('abort', leave, { once: true });
  const ready = association.ready.then(() => 'ready' as const);
  const outcome = await unlessAborted(signal, Promise.race([ready, association.ended]));
  signal.removeEventListener('abort', leave);
  return signal.aborted ? 'aborted' : outcome;
}

/** The gateway `from` sends us elsewhere. A failure: nobody is there, and another gateway of the profile may do better. */
async function follow(
  to: RedirectTarget,
  from: NonNullable<NegotiateOptions['from']>,
  options: NegotiateOptions,
): Promise<Negotiated | Failure | undefined> {
  const refusal = options.redirects.refusal(to, from.address);
  if (refusal) throw new TunnelError(refusal);
  try {
    return await negotiate({ ...options, gateway: { ...options.gateway, addresses: [to.value] }, from });
  } catch (error) {
    if (error instanceof TunnelError && (isSilence(error.failure) || isNowhere(error.failure))) {
      return error.failure;
    }
    throw error;
  }
}

const isNowhere = ({ cause }: Failure): boolean =>
  cause === 'name-not-resolved' || cause === 'network-unreachable';

/** So long a machine has to say that its port is closed: most of it is the way there and back. */
const PROBE_MS = 1000;

/** Which of the silent addresses have nobody listening. A tunnel that was up says no more than that it is silent. */
async function withClosed(
  failure: Failure,
  { isPortClosed, again, clock, signal }: NegotiateOptions,
): Promise<Failure> {
  if (failure.cause !== 'no-answer' || again || signal.aborted) return failure;
  const enough = new AbortController();
  const cancel = clock.setTimer(clock.now() + PROBE_MS, () => enough.abort());
  const stop = AbortSignal.any([signal, enough.signal]);
  const found = await Promise.all(
    failure.tried.map(async (end) => ((await isPortClosed(end.address, end.port, stop)) ? [end] : [])),
  );
  cancel();
  const closed = found.flat();
  return closed.length > 0 ? { ...failure, closed } : failure;
}

/** Nothing at all came back: another address may do better. Silence after an answer is this gateway's own fault. */
function isSilence(failure: Failure): failure is Extract<Failure, { cause: 'no-answer' }> {
  return failure.cause === 'no-answer' && failure.exchange === 'IKE_SA_INIT';
}

/** One failure for all addresses: silence weighs more than an unknown name, and lists every address that was tried. */
function summary(failures: readonly Failure[], hosts: readonly string[]): Failure {
  const silent = failures.filter(isSilence);
  if (silent.length > 0) {
    return {
      cause: 'no-answer',
      exchange: 'IKE_SA_INIT',
      tried: silent.flatMap((failure) => failure.tried),
      attempts: silent.reduce((sum, failure) => sum + failure.attempts, 0),
    };
  }
  return (
    failures.find((failure) => failure.cause === 'network-unreachable') ??
    failures[0] ?? { cause: 'name-not-resolved', host: hosts.join(', '), detail: 'it has no address' }
  );
}
