/**
 * Fetches revocation data: plain HTTP (RFC 5280 §8 warns of https, whose certificate would need such data itself), bounded
 * in size and time, no redirects, nothing but what a certificate of a verified path names, and never from this computer's own
 * or the link's addresses. Behind an interface, so that tests and the driver decide what network there is.
 */
import { lookup as systemLookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { type Clock, within } from '../clock.ts';

interface FetchRequest {
  readonly url: string;
  /** An OCSP request to POST; without one it is a GET. */
  readonly body?: Uint8Array;
  /** Octets. */
  readonly limit: number;
}

/** Why there is no data, as a clause for people. */
export interface FetchFailure {
  readonly failed: string;
}

export interface Fetcher {
  /** The body of a 200 answer, or why there is none. Never rejects. */
  fetch(request: FetchRequest): Promise<Uint8Array | FetchFailure>;
}

type Answer = Uint8Array | FetchFailure;

/** This computer and its link, whose services trust whoever is near; a company's private networks may well be asked. */
const NEAR = new BlockList();
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 3],
] as const)
  NEAR.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of [
  ['::', 127],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  NEAR.addSubnet(net, bits, 'ipv6');

/** Whether revocation data may come from this address; an IPv4 address in IPv6 clothes is the IPv4 address. */
export const isFarAddress = (address: string): boolean =>
  isIP(address) !== 0 && !NEAR.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');

const REFUSED = 'its address is one of this computer or its link, which is not asked';

interface FetchBounds {
  readonly timeoutMs: number;
  /** Which addresses may be asked: isFarAddress where absent. */
  readonly allows?: (address: string) => boolean;
}

export function httpFetcher(clock: Clock, { timeoutMs, allows = isFarAddress }: FetchBounds): Fetcher {
  return {
    async fetch(wanted) {
      const abort = new AbortController();
      const answer = await within(clock, timeoutMs, get(wanted, abort.signal, allows));
      // Ends what is still under way; without effect on what has ended.
      abort.abort();
      return answer ?? { failed: `no answer within ${timeoutMs / 1000} seconds` };
    },
  };
}

/** The system's resolver, where what it finds may be asked: the check is of the very address that is connected to. */
const checkedLookup =
  (allows: (address: string) => boolean): LookupFunction =>
  (host, options, callback) => {
    systemLookup(host, { ...options, all: true }, (error, found) => {
      const allowed = (found ?? []).filter(({ address }) => allows(address));
      const [first] = allowed;
      if (error) callback(error, '');
      else if (!first) callback(new Error(REFUSED), '');
      else if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };

async function get(
  { url, body, limit }: FetchRequest,
  signal: AbortSignal,
  allows: (address: string) => boolean,
): Promise<Answer> {
  if (!URL.canParse(url) || new URL(url).protocol !== 'http:') return { failed: 'not an http URL' };
  // An address in the URL is connected to without a lookup.
  const literal = new URL(url).hostname.replace(/^\[|\]$/g, '');
  if (isIP(literal) !== 0 && !allows(literal)) return { failed: REFUSED };
  const headers = body ? { 'content-type': 'application/ocsp-request', 'content-length': body.length } : {};
  const options = { method: body ? 'POST' : 'GET', headers, signal, lookup: checkedLookup(allows) };
  // Not with the helper: an import of it takes 7 MB, as it also evaluates the WebSocket that it offers.
  const { request } = await import('node:http');
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const outgoing = request(url, { ...options, agent: false }, (response) => {
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
