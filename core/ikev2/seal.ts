/** Messages of an IKE SA on their way out: the header, and SK around everything but IKE_SA_INIT (RFC 7296 §1.2, §3.1). */
import type { Path } from '#core/net/address.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { messageBytes, safeDatagramBytes } from './fragments.ts';
import type { IkeSa } from './ike-sa.ts';
import { encodeMessage } from './message.ts';
import type { IkeHeader, Payload } from './payload-types.ts';

export type Place = Pick<IkeHeader, 'exchange' | 'response' | 'messageId'>;

/** The header of a message of ours. */
export const headerOf = (sa: IkeSa, place: Place): IkeHeader => ({
  spiI: sa.spiI,
  spiR: sa.spiR,
  majorVersion: 2,
  minorVersion: 0,
  fromInitiator: sa.isInitiator,
  versionFlag: false,
  ...place,
});

/**
 * The datagrams of a message: more than one where `path` may not carry it whole and the peer takes fragments (RFC 7383).
 * The first messages are kept, because AUTH signs them as they went out (§2.15).
 */
export function sealMessage(
  sa: IkeSa,
  place: Place,
  payloads: readonly Payload[],
  path: Path,
  datagramBytes = sa.fragmentBytes,
  sealing = sa.sealing,
): readonly Uint8Array[] {
  const header = headerOf(sa, place);
  if (place.exchange !== ExchangeType.IKE_SA_INIT) {
    if (sealing === undefined) throw new Error('a protected message before the keys');
    if (!sa.fragmentation) return [sealing.seal(header, payloads)];
    return sealing.sealWithin(header, payloads, messageBytes(path, datagramBytes));
  }
  const bytes = encodeMessage(header, payloads);
  if (place.response) sa.initResponse = bytes;
  else sa.initRequest = bytes;
  return [bytes];
}

/** Attempts that go out as they are before smaller fragments are tried. */
export const ATTEMPTS_BEFORE_SMALLER = 2;

/**
 * The message again in fragments of at most `size`: losses in a row may mean that `datagrams` are too large for the path
 * (RFC 7383 §2.5.2). Without anything to gain they come back as they are: the same octets are the rule (RFC 7296 §2.1), and
 * only more fragments than before make the receiver forget the old ones (RFC 7383 §2.6). `sealing`: what the message came under
 * before.
 */
export function sealSmaller(
  sa: IkeSa,
  place: Place,
  payloads: readonly Payload[],
  path: Path,
  datagrams: readonly Uint8Array[],
  size = Math.min(sa.fragmentBytes, safeDatagramBytes(path)),
  sealing = sa.sealing,
): readonly Uint8Array[] {
  const possible = sa.fragmentation && sealing !== undefined && place.exchange !== ExchangeType.IKE_SA_INIT;
  if (!possible || datagrams.every(({ length }) => length <= messageBytes(path, size))) return datagrams;
  const smaller = sealMessage(sa, place, payloads, path, size, sealing);
  return smaller.length > datagrams.length ? smaller : datagrams;
}

/** An answer outside of any SA: an error notify to a request that made none, so the responder SPI is zero (§2.6). */
export function refuseInClear(request: IkeHeader, payload: Payload): Uint8Array {
  return encodeMessage(
    {
      spiI: request.spiI,
      spiR: request.spiR,
      majorVersion: 2,
      minorVersion: 0,
      exchange: request.exchange,
      fromInitiator: !request.fromInitiator,
      versionFlag: false,
      response: true,
      messageId: request.messageId,
    },
    [payload],
  );
}
