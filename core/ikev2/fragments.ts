/**
 * Fragmented messages (RFC 7383): putting together what arrives in SKF payloads, and how large a datagram may be. inbound.ts
 * hands in the pieces, seal.ts asks for the size. Only authentic pieces come here; what an authentic peer may make us
 * keep is bounded all the same.
 */
import { concat, EMPTY, wipe } from '#core/bytes/bytes.ts';
import type { Path } from '#core/net/address.ts';
import type { Decoded, Fragment, IkeHeader } from './payload-types.ts';
import { decodeInside } from './protection.ts';

/** A message in fragments of 576 octets stays below both; more is a flood. */
const MAX_FRAGMENTS = 255;
const MAX_MESSAGE_BYTES = 65_536;

/** What a message that is whole now was, and the octets of its first fragment, which recognise a repetition (§2.6.1). */
interface Reassembled {
  readonly decoded: Decoded;
  readonly first: Uint8Array;
}

interface Collection {
  readonly messageId: number;
  readonly total: number;
  readonly pieces: Map<number, Fragment>;
  bytes: number;
  first: Uint8Array;
}

/** One direction of requests or of answers: one message at a time. */
export class Reassembly {
  #collection: Collection | undefined;

  /** Octets that are kept for a message which is not complete. */
  get bytes(): number {
    return this.#collection?.bytes ?? 0;
  }

  /** Takes a piece; `undefined` while others are missing. Octets are copied. `datagram` is what the piece came in. */
  take(header: IkeHeader, fragment: Fragment, datagram: Uint8Array): Reassembled | undefined {
    const { number, total, front, content } = fragment;
    if (total > MAX_FRAGMENTS) return undefined;
    const collection = this.#collectionFor(header.messageId, total);
    if (collection === undefined || collection.pieces.has(number)) return undefined;
    if (collection.bytes + content.length > MAX_MESSAGE_BYTES) return undefined;
    collection.pieces.set(number, { ...fragment, front: front.slice(), content: content.slice() });
    collection.bytes += content.length;
    if (number === 1) collection.first = datagram.slice();
    return collection.pieces.size === total ? this.#whole(header, collection) : undefined;
  }

  /**
   * A larger total means that the peer tries smaller fragments, and the old ones are void; a smaller one is a late
   * fragment of an earlier try (§2.6.1).
   */
  #collectionFor(messageId: number, total: number): Collection | undefined {
    const current = this.#collection;
    if (current?.messageId === messageId) {
      if (total === current.total) return current;
      if (total < current.total) return undefined;
    }
    this.clear();
    this.#collection = { messageId, total, pieces: new Map(), bytes: 0, first: EMPTY };
    return this.#collection;
  }

  #whole(header: IkeHeader, { pieces, total, first }: Collection): Reassembled {
    const inOrder = Array.from({ length: total }, (_, i) => pieces.get(i + 1)?.content ?? EMPTY);
    const { next = 0, front = EMPTY } = pieces.get(1) ?? {};
    const decoded = decodeInside(header, next, { front, content: concat(...inOrder) });
    this.clear();
    return { decoded, first };
  }

  /** Forgets and wipes what is incomplete. */
  clear(): void {
    for (const { content } of this.#collection?.pieces.values() ?? []) wipe(content);
    this.#collection = undefined;
  }
}

const UDP_AND_MARKER_BYTES = 8 + 4;
/** Datagrams of this size pass everywhere (RFC 8200 §5, RFC 791). */
const SAFE_BYTES = { ip4: 576, ip6: 1280 } as const;

/** How large an IKE message may be over `path` so that its IP datagram has at most `datagramBytes` octets. */
export function messageBytes(path: Path, datagramBytes: number): number {
  const ip = path.remote.address.includes(':') ? 40 : 20;
  return datagramBytes - ip - UDP_AND_MARKER_BYTES;
}

/** The size to fall back to when larger fragments find no answer. */
export const safeDatagramBytes = (path: Path): number =>
  path.remote.address.includes(':') ? SAFE_BYTES.ip6 : SAFE_BYTES.ip4;
