/**
 * Where a connection stands: the path of its messages, who is behind a NAT, and how far a change of addresses has come
 * (RFC 4555). One object for all IKE SAs of a connection, so that a rekeying in the middle of a move loses nothing. ike-sa.ts
 * holds it; the tasks of tasks/mobike.ts and tasks/mobike-responder.ts and roaming.ts write it.
 */
import type { Path, SocketAddress } from '#core/net/address.ts';

/** A request that somebody wants: not, not yet in the queue, in the queue. */
type Due = 'no' | 'due' | 'planned';

export class Whereabouts {
  path: Path | undefined;
  /** Who stands behind a NAT; set by NAT detection. */
  nat = { local: false, remote: false };
  /** Both ends have said MOBIKE_SUPPORTED. */
  mobike = false;
  /** The last path that the peer has proven to be there; the Child SAs of a responder are on it. */
  confirmed: Path | undefined;
  /** The initiator has moved and the peer has not answered that yet. */
  roaming = false;
  /** The initiator's UPDATE_SA_ADDRESSES. */
  update: Due = 'no';
  /** The responder's return routability check. */
  check: Due = 'no';
  /**
   * The generations of the IKE SAs that had the last update, sent or taken, and the last check. One that is still under way in an
   * IKE SA replaced since is an older one, whenever it arrives: message IDs order only what is in the same SA.
   */
  updatedUnder = 0;
  checkedUnder = 0;
  /** What the driver was told last, as text. */
  told = '';
}

const sameEnd = (a: SocketAddress, b: SocketAddress): boolean => a.address === b.address && a.port === b.port;

export const samePath = (a: Path | undefined, b: Path | undefined): boolean =>
  a !== undefined && b !== undefined && sameEnd(a.local, b.local) && sameEnd(a.remote, b.remote);
