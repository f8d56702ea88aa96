/**
 * The gateway's addresses one after another: names are looked up when their turn comes, IPv6 and IPv4 as the system orders them.
 *
 * While a tunnel reconnects, the system's name servers may be those inside the tunnel, which nobody reaches: what a name led
 * to before is tried at once, and again whenever nothing newer is known. The answer, if one comes, adds to it; the servers that the
 * system had before are asked as well. So it is from the first try on where lockdown is on.
 */
import { lookup, Resolver as DnsResolver } from 'node:dns/promises';
import type { Failure } from '#core/failure/failure.ts';
import { formatIp, parseIp } from '#core/net/address.ts';
import type { IpAddress } from '#core/net/address.ts';
import type { Profile } from '#core/profile/profile.ts';
import type { Clock } from '../clock.ts';
import { within } from '../clock.ts';
import { messageOf } from '../log/log.ts';
import { unlessAborted } from './abort.ts';
import type { GatewayAddresses } from './gateway-addresses.ts';

export interface Lookup {
  /** Addresses as text, best first. Throws where there is none. */
  lookup(name: string): Promise<readonly string[]>;
}

export interface Resolver extends Lookup {
  /** The name servers that the system has now, to be asked later whatever it has then. */
  asNow(): Lookup;
}

export const systemResolver: Resolver = {
  async lookup(name) {
    const found = await lookup(name, { all: true, order: 'verbatim' });
    return found.map(({ address }) => address);
  },
  asNow() {
    const resolver = new DnsResolver({ timeout: 1000, tries: 3 });
    resolver.setServers(resolver.getServers());
    return {
      async lookup(name) {
        const found = await Promise.allSettled([resolver.resolve6(name), resolver.resolve4(name)]);
        const addresses = found.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
        if (addresses.length > 0) return addresses;
        throw found.find((each) => each.status === 'rejected')?.reason ?? new Error('it has no address');
      },
    };
  },
};

export type Candidate =
  /** `more`: another may follow. */
  | { readonly host: string; readonly address: IpAddress; readonly more: boolean }
  | { readonly host: string; readonly failure: Failure };

/** What names led to before. */
export type KnownAddresses = Map<string, readonly IpAddress[]>;

interface CandidateOptions {
  readonly gateway: Profile['gateway'];
  readonly resolver: Lookup;
  /** The servers that the system had before the tunnel brought its own, while those may be out of reach. */
  readonly outside?: Lookup | undefined;
  readonly known: KnownAddresses;
  readonly remembered: GatewayAddresses;
  readonly clock: Clock;
  readonly onStep: (step: string) => void;
  readonly signal: AbortSignal;
}

/** A name with very many addresses must not keep a person waiting for an hour. */
const MOST_OF_ONE_NAME = 8;
/** Where addresses of a name are known and in vain, its name servers have so long to name others. */
const LOOKUP_AGAIN_MS = 5000;

/** Every address to try, each once, until `signal` aborts. A name that cannot be resolved is a candidate that failed already. */
export async function* candidates(options: CandidateOptions): AsyncGenerator<Candidate> {
  const { gateway, known, remembered, signal, onStep } = options;
  const seen = new Set<string>();
  const unseen = (addresses: readonly IpAddress[]): IpAddress[] =>
    addresses.filter((address) => {
      const text = formatIp(address);
      return !seen.has(text) && seen.add(text);
    });
  for (const [at, host] of gateway.addresses.entries()) {
    const others = at + 1 < gateway.addresses.length;
    const literal = parseIp(host);
    if (literal) {
      for (const address of unseen([literal])) yield { host, address, more: others };
      continue;
    }
    const lockdown = remembered.needed;
    const before = known.get(host) ?? (lockdown ? remembered.of(host) : undefined);
    const lookingUp = lookedUp(host, options);
    for (const address of unseen(before ?? [])) yield { host, address, more: true };
    if (signal.aborted) return;
    onStep(`looking up ${host}`);
    const patiently = before ? within(options.clock, LOOKUP_AGAIN_MS, lookingUp) : lookingUp;
    const found = await unlessAborted(signal, patiently);
    if (found === 'aborted') return;
    if (typeof found === 'string' || found === undefined) {
      const detail = found ?? 'the name servers do not answer';
      if (!before) yield { host, failure: unresolved(host, detail, lockdown) };
      continue;
    }
    known.set(host, found);
    const fresh = unseen(found);
    for (const [nth, address] of fresh.entries()) {
      yield { host, address, more: others || nth + 1 < fresh.length };
    }
  }
}

const unresolved = (host: string, detail: string, lockdown: boolean): Failure => ({
  cause: 'name-not-resolved',
  host,
  detail,
  ...(lockdown ? { lockdown } : {}),
});

/** What the resolver says; a text where it says nothing useful. Never rejects. */
async function lookedUp(
  host: string,
  { resolver, outside }: CandidateOptions,
): Promise<IpAddress[] | string> {
  const ask = async (whom: Lookup): Promise<IpAddress[]> => {
    const found = (await whom.lookup(host)).flatMap((text) => parseIp(text) ?? []);
    if (found.length === 0) throw new Error('it has no address');
    return found.slice(0, MOST_OF_ONE_NAME);
  };
  try {
    return await Promise.any([resolver, ...(outside ? [outside] : [])].map(ask));
  } catch (error) {
    return messageOf(error instanceof AggregateError ? error.errors[0] : error);
  }
}
