/**
 * NAT detection (RFC 7296 §2.23): each side sends hashes of the addresses as it sees them; where they do not fit what
 * arrives, a NAT stands between. It also decides the move to port 4500 and whether ESP is to travel in UDP.
 */
import { equal } from '#core/bytes/bytes.ts';
import { natDetectionHash } from '#core/ike/nat-detection.ts';
import type { Path, SocketAddress } from '#core/net/address.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { findAll, notify } from '../payload-access.ts';
import type { Message, Payload } from '../payload-types.ts';
import type { Exchange, Task, Verdict } from './task.ts';

const { NAT_DETECTION_SOURCE_IP, NAT_DETECTION_DESTINATION_IP } = NotifyType;
const HASH_BYTES = 20;

export function natdTask(): Task {
  const tell = ({ sa, path }: Exchange, out: Payload[]): void => {
    // Forced: a hash that fits nothing makes the peer see a NAT in front of us.
    const source =
      sa.config.encapsulation === 'force'
        ? sa.config.random(HASH_BYTES)
        : natDetectionHash(sa.spiI, sa.spiR, path.local);
    out.push(notify(NAT_DETECTION_SOURCE_IP, source));
    out.push(notify(NAT_DETECTION_DESTINATION_IP, natDetectionHash(sa.spiI, sa.spiR, path.remote)));
  };

  const compare = ({ sa, path }: Exchange, { header, payloads }: Message): Verdict => {
    const hashes = (type: number): Uint8Array[] =>
      findAll(payloads, 'N')
        .filter((payload) => payload.type === type)
        .map(({ data }) => data);
    const fits = (hash: Uint8Array, at: SocketAddress): boolean =>
      equal(hash, natDetectionHash(header.spiI, header.spiR, at));
    // A peer with several addresses sends several sources; one that fits is enough.
    const sources = hashes(NAT_DETECTION_SOURCE_IP);
    const destinations = hashes(NAT_DETECTION_DESTINATION_IP);
    // Without the notifies the peer knows nothing of NATs: ESP stays bare unless the profile forces UDP.
    if (sources.length === 0 || destinations.length === 0) return undefined;
    sa.nat = {
      local: !destinations.some((hash) => fits(hash, path.local)),
      remote: !sources.some((hash) => fits(hash, path.remote)),
    };
    return undefined;
  };

  return {
    name: 'natd',
    request: tell,
    onRequest: compare,
    response: tell,
    onResponse: compare,
    done({ sa }) {
      // The responder follows when IKE_AUTH arrives: it answers where the request came from.
      if (!sa.isInitiator || sa.path === undefined) return undefined;
      if (sa.encapsulated) sa.path = floated(sa.path);
      sa.emitPath();
      return undefined;
    },
  };
}

/** The path with ports 500 turned into 4500. Other ports were chosen by somebody and stay. */
function floated(path: Path): Path {
  const float = ({ address, port }: SocketAddress): SocketAddress => ({
    address,
    port: port === 500 ? 4500 : port,
  });
  return { local: float(path.local), remote: float(path.remote) };
}
