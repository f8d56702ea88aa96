/**
 * Fetches revocation data: plain HTTP, bounded in size and time, no redirects, nothing but what a certificate of a
 * verified path names. Behind an interface, so that tests and the driver decide what network there is.
 */
import { request } from 'node:http';
import { within } from '../clock.ts';
import { type Clock } from '../clock.ts';

export interface FetchRequest {
  readonly url: string;
  /** An OCSP request to POST; without one it is a GET. */
  readonly body?: Uint8Array;
  /** Octets. */
  readonly limit: number;
}

export interface Fetcher {
  /** The body of a 200 answer, or why there is none, as a clause for people. Never rejects. */
  fetch(request: FetchRequest): Promise<Uint8Array | { readonly failed: string }>;
}

export function httpFetcher(clock: Clock, timeoutMs: number): Fetcher {
  return {
    async fetch(wanted) {
      const abort = new AbortController();
      const answer = await within(clock, timeoutMs, get(wanted, abort.signal));
      // Ends what is still under way; without effect on what has ended.
      abort.abort();
      return answer ?? { failed: `no answer within ${timeoutMs / 1000} seconds` };
    },
  };
}

type Answer = Uint8Array | { readonly failed: string };

function get({ url, body, limit }: FetchRequest, signal: AbortSignal): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>();
  if (!URL.canParse(url) || new URL(url).protocol !== 'http:')
    return Promise.resolve({ failed: 'not an http URL' });
  const headers = body ? { 'content-type': 'application/ocsp-request', 'content-length': body.length } : {};
  const outgoing = request(url, { method: body ? 'POST' : 'GET', headers, signal }, (response) => {
    const parts: Buffer[] = [];
    let length = 0;
    if (response.statusCode !== 200) {
      resolve({ failed: `HTTP status ${response.statusCode}` });
      outgoing.destroy();
      return;
    }
    response.on('data', (part: Buffer) => {
      length += part.length;
      if (length <= limit) parts.push(part);
      else {
        resolve({ failed: `more than ${limit} octets` });
        outgoing.destroy();
      }
    });
    response.on('end', () => resolve(Uint8Array.from(Buffer.concat(parts))));
    response.on('error', (error) => resolve({ failed: error.message }));
  });
  outgoing.on('error', (error) => resolve({ failed: error.message }));
  outgoing.end(body);
  return promise;
}
