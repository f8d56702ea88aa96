/** The gateway's addresses one after another: names are looked up when their turn comes, IPv6 and IPv4 as the system orders them. */
import { lookup } from 'node:dns/promises';
import type { Failure } from '#core/failure/failure.ts';
import { formatIp, parseIp } from '#core/net/address.ts';
import type { IpAddress } from '#core/net/address.ts';
import { messageOf } from '../log/log.ts';

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

/** Every address to try, each once. A name that cannot be resolved is a candidate that failed already. */
export async function* candidates(
  hosts: readonly string[],
  resolver: Resolver,
  onStep: (step: string) => void,
): AsyncGenerator<Candidate> {
  const seen = new Set<string>();
  for (const host of hosts) {
    const literal = parseIp(host);
    let found: readonly string[];
    try {
      if (!literal) onStep(`looking up ${host}`);
      found = literal ? [formatIp(literal)] : await resolver.lookup(host);
    } catch (error) {
      yield { host, failure: { cause: 'name-not-resolved', host, detail: messageOf(error) } };
      continue;
    }
    for (const text of found) {
      const address = parseIp(text);
      if (!address || seen.has(text)) continue;
      seen.add(text);
      yield { host, address };
    }
  }
}
