/** What tests of rekeying share: a pair that stands, and whether both ends have the same SAs. */
import { toHex } from '#core/bytes/bytes.ts';
import { Writer } from '#core/bytes/writer.ts';
import type { ChildSa } from '#core/esp/child-sa.ts';
import type { ConnectionEvent } from '#core/ikev2/connection-types.ts';
import { Ikev2Pair, type PairOptions } from './ikev2-pair.ts';

/** Nobody rekeys by time; tests say when. */
const BY_HAND = { rekey: 'never', livenessSec: 0 } as const;

/** Two ends that stand, with an empty drawing. */
export function standing(options: PairOptions = {}): Ikev2Pair {
  const pair = new Ikev2Pair({
    ...options,
    initiator: { ...BY_HAND, ...options.initiator },
    responder: { ...BY_HAND, ...options.responder },
  }).connect();
  if (pair.responder.state !== 'established') throw new Error(`the responder is ${pair.responder.state}`);
  pair.drawing.clear();
  return pair;
}

/** The first Child SA of one end, as it stands. */
export function spiOf(pair: Ikev2Pair, role: 'initiator' | 'responder', at = 0): number {
  const spi = [...pair[role].life.sa.children.keys()][at];
  if (spi === undefined) throw new Error(`the ${role} has no Child SA ${at}`);
  return spi;
}

/** The Child SA that one end installed first, whether it still stands or not. */
export function firstSpi(pair: Ikev2Pair, role: 'initiator' | 'responder'): number {
  const [installed] = pair.events[role].of('child-installed');
  if (installed === undefined) throw new Error(`the ${role} never had a Child SA`);
  return installed.child.spiIn;
}

/** An SPI as a Delete payload has it. */
export const spiOctets = (spi: number): Uint8Array => new Writer().u32(spi).finish();

export const rekeyChild = (pair: Ikev2Pair, role: 'initiator' | 'responder') =>
  pair.do((now) => pair[role].rekey(now, { spiIn: spiOf(pair, role) }));

export const rekeyIke = (pair: Ikev2Pair, role: 'initiator' | 'responder') =>
  pair.do((now) => pair[role].rekey(now, { ike: true }));

/** The Child SAs that a driver has by these events. Throws where it is told to remove what it does not have. */
function childrenAfter(events: readonly ConnectionEvent[]): Map<number, ChildSa> {
  const children = new Map<number, ChildSa>();
  for (const event of events) {
    if (event.type === 'child-installed') children.set(event.child.spiIn, event.child);
    if (event.type === 'child-removed' && !children.delete(event.spiIn)) {
      throw new Error(`child-removed for ${event.spiIn}, which is not there`);
    }
  }
  return children;
}

const listOf = (children: ReadonlyMap<number, unknown>): string =>
  [...children.keys()].toSorted((a, b) => a - b).join(' ');

const pairName = (a: number, b: number): string => `${Math.min(a, b)} ${Math.max(a, b)}`;

/** One sentence for each way in which the two ends differ or have something left over; none when all is well. */
export function disagreements(pair: Ikev2Pair): string[] {
  const found: string[] = [];
  const { initiator, responder, events } = pair;
  if (initiator.state !== responder.state) found.push(`${initiator.state} and ${responder.state}`);
  const left = childrenAfter(events.initiator.all);
  const right = childrenAfter(events.responder.all);
  for (const [name, connection, children] of [
    ['initiator', initiator, left],
    ['responder', responder, right],
  ] as const) {
    const { sa } = connection.life;
    const known = listOf(sa.children);
    const told = listOf(children);
    if (known !== told) found.push(`the ${name} has ${known}, its driver ${told}`);
    const expected = connection.state === 'closed' ? 0 : 1;
    const { living } = connection.succession;
    if (living.length !== expected) found.push(`the ${name} has ${living.length} IKE SAs`);
    if (sa.stillborn.length + sa.wishes.children.length > 0) found.push(`the ${name} still wishes`);
    for (const child of sa.children.values()) {
      if (child.rekeying || child.rival || child.replacedBy || child.redundant || child.deletion !== 'no') {
        found.push(`the ${name} has not settled ${child.spiIn}`);
      }
    }
  }
  if (initiator.state === 'closed') return found;
  if (toHex(initiator.spiI) !== toHex(responder.spiI) || toHex(initiator.spiR) !== toHex(responder.spiR)) {
    found.push('the IKE SAs differ');
  }
  const names = (children: ReadonlyMap<number, ChildSa>): string =>
    [...children.values()]
      .map(({ spiIn, spiOut }) => pairName(spiIn, spiOut))
      .toSorted()
      .join(', ');
  if (names(left) !== names(right)) found.push(`Child SAs ${names(left)} and ${names(right)}`);
  for (const child of left.values()) {
    const other = right.get(child.spiOut);
    if (other === undefined) continue;
    const crosswise =
      toHex(child.keysIn.encryption) === toHex(other.keysOut.encryption) &&
      toHex(child.keysOut.encryption) === toHex(other.keysIn.encryption) &&
      String(child.localTs.map(({ start }) => start)) === String(other.remoteTs.map(({ start }) => start));
    if (!crosswise) found.push(`keys or selectors of ${child.spiIn} do not fit`);
  }
  return found;
}

/** The reasons why Child SAs went, in order. */
export const reasons = (events: { readonly all: readonly ConnectionEvent[] }): string[] =>
  events.all.flatMap((event) => (event.type === 'child-removed' ? [event.reason] : []));
