/**
 * NAT detection (RFC 7296 §2.23): each side sends hashes of the addresses as it sees them; where they do not fit what
 * arrives, a NAT stands between. It also decides the move to port 4500 and whether ESP is to travel in UDP.
 */
import { equal } from '#core/bytes/bytes.ts';
import { natDetectionHash } from '#core/ike/nat-detection.ts';
import type { SocketAddress } from '#core/net/address.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { findAll, findNotify, notify } from '../payload-access.ts';
import type { Message, Payload } from '../payload-types.ts';
import type { Exchange, Task, Verdict } from './task.ts';

const { NAT_DETECTION_SOURCE_IP, NAT_DETECTION_DESTINATION_IP } = NotifyType;
const HASH_BYTES = 20;

/** How the addresses of `path` look from here. */
export function tellNat({ sa, path }: Exchange, out: Payload[]): void {
  // Forced: a hash that fits nothing makes the peer see a NAT in front of us.
  const source =
    sa.config.encapsulation === 'force'
      ? sa.config.random(HASH_BYTES)
      : natDetectionHash(sa.spiI, sa.spiR, path.local);
  out.push(notify(NAT_DETECTION_SOURCE_IP, source));
  out.push(notify(NAT_DETECTION_DESTINATION_IP, natDetectionHash(sa.spiI, sa.spiR, path.remote)));
}

/** Sets who stands behind a NAT, by what the peer says and what arrived. */
export function compareNat({ sa, path }: Exchange, { header, payloads }: Message): Verdict {
  const anyFits = (type: number, at: SocketAddress): boolean | undefined => {
    const hashes = findAll(payloads, 'N').filter((payload) => payload.type === type);
    const fitting = natDetectionHash(header.spiI, header.spiR, at);
    return hashes.length === 0 ? undefined : hashes.some(({ data }) => equal(data, fitting));
  };
  // A peer with several addresses sends several sources; one that fits is enough.
  const source = anyFits(NAT_DETECTION_SOURCE_IP, path.remote);
  const destination = anyFits(NAT_DETECTION_DESTINATION_IP, path.local);
  // Without the notifies the peer knows nothing of NATs: ESP stays bare unless the profile forces UDP.
  if (source !== undefined && destination !== undefined) sa.nat = { local: !destination, remote: !source };
  return undefined;
}

/** As whom the sender of an answer sees us: a hash that only compares with one under the same SPIs. */
export const seenAs = ({ payloads }: Message): Uint8Array | undefined =>
  findNotify(payloads, NAT_DETECTION_DESTINATION_IP)?.data.slice();

/** Ports 500 turned into 4500 (§2.23). Other ports were chosen by somebody and stay. */
const floatPort = ({ address, port }: SocketAddress): SocketAddress => ({
  address,
  port: port === 500 ? 4500 : port,
});

export function natdTask(): Task {
  let detects = false;
  return {
    name: 'natd',
    request: tellNat,
    onRequest: compareNat,
    response: tellNat,
    onResponse(exchange, message) {
      // A client that wants MOBIKE goes to 4500 where the peer knows of NATs, NAT or not: one may appear later (RFC 4555 §3.3).
      detects = seenAs(message) !== undefined;
      return compareNat(exchange, message);
    },
    done({ sa }) {
      // The responder follows when IKE_AUTH arrives: it answers where the request came from.
      if (!sa.isInitiator || sa.path === undefined) return undefined;
      const moves = sa.encapsulated || (sa.config.mobike !== false && detects);
      if (moves) sa.path = { local: floatPort(sa.path.local), remote: floatPort(sa.path.remote) };
      sa.emitPath();
      return undefined;
    },
  };
}
