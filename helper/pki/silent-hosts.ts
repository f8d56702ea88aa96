/**
 * Remembers for a minute who did not answer, so that a dead OCSP responder or CRL server costs its timeout once and not at
 * every attempt to connect. main.ts puts it around the fetcher. Only silence counts: whoever answers, be it with an
 * error, costs no time.
 */
import type { Clock } from '../clock.ts';
import type { FetchFailure, Fetcher } from './fetch.ts';

/** Short, since people repair their network and try again. */
const REMEMBERED_MS = 60_000;
const MOST_HOSTS = 64;

const originOf = (url: string): string => (URL.canParse(url) ? new URL(url).origin : url);

export function sparingSilentHosts(fetcher: Fetcher, clock: Clock): Fetcher {
  const silentSince = new Map<string, { readonly at: number; readonly failed: string }>();
  const note = (origin: string, { failed }: FetchFailure): void => {
    silentSince.delete(origin);
    silentSince.set(origin, { at: clock.now(), failed });
    const [oldest] = silentSince.keys();
    if (silentSince.size > MOST_HOSTS && oldest !== undefined) silentSince.delete(oldest);
  };
  return {
    async fetch(request) {
      const origin = originOf(request.url);
      const silence = silentSince.get(origin);
      const ago = silence && clock.now() - silence.at;
      if (silence && ago !== undefined && ago < REMEMBERED_MS)
        return { failed: `${silence.failed}, ${Math.round(ago / 1000)} seconds ago` };
      const answer = await fetcher.fetch(request);
      if (!(answer instanceof Uint8Array) && answer.silent === true) note(origin, answer);
      else silentSince.delete(origin);
      return answer;
    },
  };
}
