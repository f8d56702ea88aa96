/** The gateway's addresses one after another: names are looked up when their turn comes, IPv6 and IPv4 as the system orders them. */
import { lookup } from 'node:dns/promises';
import type { Failure } from '#core/failure/failure.ts';
import { formatIp, parseIp } from '#core/net/address.ts';
import type { IpAddress } from '#core/net/address.ts';
import type { Profile } from '#core/profile/profile.ts';
import { messageOf } from '../log/log.ts';
import { unlessAborted } from './abort.ts';

export interface Resolver {
  /** Addresses as text, best first. Throws where there is none. */
  lookup(name: string): Promise<readonly string[]>;
}

export const systemResolver: Resolver = {
  async lookup(name) {
    const found = await lookup(name, { all: true, order: 'verbatim' });
    return found.map(({ address }) => address);
  },
};

export type Candidate =
  | { readonly host: string; readonly address: IpAddress }
  | { readonly host: string; readonly failure: Failure };

export interface CandidateOptions {
  readonly gateway: Profile['gateway'];
  readonly resolver: Resolver;
  readonly onStep: (step: string) => void;
  readonly signal: AbortSignal;
}

/** A name with very many addresses must not keep a person waiting for an hour. */
const MOST_OF_ONE_NAME = 8;

/** Every address to try, each once, until `signal` aborts. A name that cannot be resolved is a candidate that failed already. */
export async function* candidates(options: CandidateOptions): AsyncGenerator<Candidate> {
  const seen = new Set<string>();
  for (const host of options.gateway.addresses) {
    const found = await addressesOf(host, options);
    if (found === 'aborted') return;
    if (typeof found === 'string') {
      yield { host, failure: { cause: 'name-not-resolved', host, detail: found } };
      continue;
    }
    for (const address of found.slice(0, MOST_OF_ONE_NAME)) {
      const text = formatIp(address);
      if (seen.has(text)) continue;
      seen.add(text);
      yield { host, address };
    }
  }
}

/** A literal address, or what the resolver says; a text where it says nothing useful. */
async function addressesOf(
  host: string,
  { resolver, onStep, signal }: CandidateOptions,
): Promise<IpAddress[] | string> {
  const literal = parseIp(host);
  if (literal) return [literal];
  onStep(`looking up ${host}`);
  try {
    const found = await unlessAborted(signal, resolver.lookup(host));
    if (found === 'aborted') return found;
    const addresses = found.flatMap((text) => parseIp(text) ?? []);
    return addresses.length > 0 ? addresses : 'it has no address';
  } catch (error) {
    return messageOf(error);
  }
}
