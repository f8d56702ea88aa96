/**
 * Delete payloads in INFORMATIONAL exchanges, both ways (RFC 7296 §1.4.1, §2.25). An SPI in a Delete is the sender's
 * inbound one; the answer names our inbound SPI of the same pair.
 */
import { Reader } from '#core/bytes/reader.ts';
import { Writer } from '#core/bytes/writer.ts';
import { SecurityProtocol } from '#core/registry/security-protocols.ts';
import { wishAgain } from '../child-again.ts';
import type { ChildRemovedReason } from '../connection-types.ts';
import type { Child, IkeSa } from '../ike-sa.ts';
import { findAll } from '../payload-access.ts';
import type { Payload } from '../payload-types.ts';
import type { Task } from './task.ts';

/** Ends the IKE SA and all its children; no SPI, since the header names it (§3.11). */
export const DELETE_IKE_SA: Payload = { kind: 'D', protocol: SecurityProtocol.IKE, spis: [] };

const spiBytes = (spi: number): Uint8Array => new Writer().u32(spi).finish();

const deleteOf = (children: readonly Pick<Child, 'spiIn'>[]): Payload => ({
  kind: 'D',
  protocol: SecurityProtocol.ESP,
  spis: children.map(({ spiIn }) => spiBytes(spiIn)),
});

/** The Child SA that the peer names by its own inbound SPI. */
export function childBySpiOut(sa: IkeSa, spi: Uint8Array): Child | undefined {
  const spiOut = spi.length === 4 ? new Reader(spi).u32('SPI') : undefined;
  return [...sa.children.values()].find((child) => child.spiOut === spiOut);
}

/** Why it goes, where it is deleted in good order. */
const reasonOf = (child: Child, by: ChildRemovedReason): ChildRemovedReason =>
  child.replacedBy === undefined && !child.redundant ? by : 'rekeyed';

/** We ask: delete this Child SA. */
export function deleteChildTask(child: Child): Task {
  return {
    name: 'delete',
    request(_exchange, out) {
      child.deletion = 'sent';
      out.push(deleteOf([child]));
    },
    done({ sa, now }) {
      if (sa.children.get(child.spiIn) === child)
        sa.removeChild(now, child, reasonOf(child, 'deleted-by-us'));
      return undefined;
    },
  };
}

/** We tell of a Child SA that is gone here. */
export function reportGoneTask(child: Pick<Child, 'spiIn'>): Task {
  return {
    name: 'delete',
    request(_exchange, out) {
      out.push(deleteOf([child]));
    },
  };
}

/** The peer asks: Delete payloads for Child SAs, for the IKE SA, or for both. */
export function deleteRequestTask(): Task {
  const answer: Child[] = [];
  let ikeSa = false;
  return {
    name: 'delete',
    onRequest({ sa, now }, { payloads }) {
      for (const payload of findAll(payloads, 'D')) {
        if (payload.protocol === SecurityProtocol.IKE) ikeSa = true;
        // An SPI that we do not know is gone already: nothing to answer for it (§1.4.1). AH is not ours.
        if (payload.protocol !== SecurityProtocol.ESP) continue;
        for (const spi of payload.spis) {
          const child = childBySpiOut(sa, spi);
          if (child === undefined) {
            if (sa.asking === 'child' && spi.length === 4) sa.deletedEarly.add(new Reader(spi).u32('SPI'));
            continue;
          }
          sa.removeChild(now, child, reasonOf(child, 'deleted-by-peer'));
          wishAgain(sa, now, child);
          // Deletes crossed: each names its own half, and an answer would name the pair twice.
          if (child.deletion !== 'sent') answer.push(child);
        }
      }
      return undefined;
    },
    response(_exchange, out) {
      if (answer.length > 0 && !ikeSa) out.push(deleteOf(answer));
    },
    done({ sa }) {
      if (!ikeSa) return undefined;
      // Two Deletes of the IKE SA that cross are both answered, and ours needs no answer any more (§2.25.2).
      if (sa.state === 'deleting') return { ruling: 'close' };
      return {
        ruling: 'close',
        failure: { cause: 'closed-by-peer', detail: 'the peer deleted the IKE SA' },
      };
    },
  };
}
