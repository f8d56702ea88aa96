/**
 * NAT detection (RFC 7296 §2.23): each side sends hashes of the addresses as it sees them; where they do not fit what
 * arrives, a NAT stands between. It also decides the move to port 4500 and whether ESP is to travel in UDP.
 */
import { equal } from '#core/bytes/bytes.ts';
import { natDetectionHash } from '#core/ike/nat-detection.ts';
import type { SocketAddress } from '#core/net/address.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { findAll, notify } from '../payload-access.ts';
import type { Message, Payload } from '../payload-types.ts';
import type { Exchange, Task, Verdict } from './task.ts';

const { NAT_DETECTION_SOURCE_IP, NAT_DETECTION_DESTINATION_IP } = NotifyType;
const HASH_BYTES = 20;

function tell({ sa, path }: Exchange, out: Payload[]): void {
  // Forced: a hash that fits nothing makes the peer see a NAT in front of us.
  const source =
    sa.config.encapsulation === 'force'
      ? sa.config.random(HASH_BYTES)
      : natDetectionHash(sa.spiI, sa.spiR, path.local);
  out.push(notify(NAT_DETECTION_SOURCE_IP, source));
  out.push(notify(NAT_DETECTION_DESTINATION_IP, natDetectionHash(sa.spiI, sa.spiR, path.remote)));
}

function compare({ sa, path }: Exchange, { header, payloads }: Message): Verdict {
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

/** Ports 500 turned into 4500 (§2.23). Other ports were chosen by somebody and stay. */
const floatPort = ({ address, port }: SocketAddress): SocketAddress => ({
  address,
  port: port === 500 ? 4500 : port,
});

export const natdTask = (): Task => ({
  name: 'natd',
  request: tell,
  onRequest: compare,
  response: tell,
  onResponse: compare,
  done({ sa }) {
    // The responder follows when IKE_AUTH arrives: it answers where the request came from.
    if (!sa.isInitiator || sa.path === undefined) return undefined;
    if (sa.encapsulated) sa.path = { local: floatPort(sa.path.local), remote: floatPort(sa.path.remote) };
    sa.emitPath();
    return undefined;
  },
});
