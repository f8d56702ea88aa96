/**
 * Remembers for a minute whom it was no use to wait for, so that a dead OCSP responder or CRL server costs its timeout once
 * and not at every attempt to connect. main.ts puts it around the fetcher. Whoever fails at once costs nothing and is asked
 * again.
 */
import type { Clock } from '../clock.ts';
import type { Fetcher } from './fetch.ts';

/** A failure that took so long is one to remember. */
const SLOW_MS = 1_000;
/** Short, since people repair their network and try again. */
const REMEMBERED_MS = 60_000;
const MOST_HOSTS = 64;

const originOf = (url: string): string => (URL.canParse(url) ? new URL(url).origin : url);

export function sparingSlowHosts(fetcher: Fetcher, clock: Clock): Fetcher {
  const failures = new Map<string, { readonly at: number; readonly failed: string }>();
  return {
    async fetch(request) {
      const origin = originOf(request.url);
      const begin = clock.now();
      const former = failures.get(origin);
      if (former && begin - former.at < REMEMBERED_MS)
        return { failed: `${former.failed}, ${Math.round((begin - former.at) / 1000)} seconds ago` };
      const answer = await fetcher.fetch(request);
      const at = clock.now();
      // Anew, so that the first of the map is the oldest.
      failures.delete(origin);
      if (answer instanceof Uint8Array || at - begin < SLOW_MS) return answer;
      failures.set(origin, { at, failed: answer.failed });
      const [oldest] = failures.keys();
      if (failures.size > MOST_HOSTS && oldest !== undefined) failures.delete(oldest);
      return answer;
    },
  };
}
