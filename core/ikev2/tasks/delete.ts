/**
 * Delete payloads in INFORMATIONAL exchanges, both ways (RFC 7296 §1.4.1, §2.25). An SPI in a Delete is the sender's
 * inbound one; the answer names our inbound SPI of the same pair.
 */
import { Reader } from '#core/bytes/reader.ts';
import { Writer } from '#core/bytes/writer.ts';
import { SecurityProtocol } from '#core/registry/security-protocols.ts';
import type { Child, IkeSa } from '../ike-sa.ts';
import { findAll } from '../payload-access.ts';
import type { Payload } from '../payload-types.ts';
import type { Task } from './task.ts';

/** Ends the IKE SA and all its children; no SPI, since the header names it (§3.11). */
export const DELETE_IKE_SA: Payload = { kind: 'D', protocol: SecurityProtocol.IKE, spis: [] };

const spiBytes = (spi: number): Uint8Array => new Writer().u32(spi).finish();
const spiNumber = (spi: Uint8Array): number | undefined =>
  spi.length === 4 ? new Reader(spi).u32('SPI') : undefined;

const deleteOf = (children: readonly Child[]): Payload => ({
  kind: 'D',
  protocol: SecurityProtocol.ESP,
  spis: children.map(({ spiIn }) => spiBytes(spiIn)),
});

function childBySpiOut(sa: IkeSa, spiOut: number | undefined): Child | undefined {
  return [...sa.children.values()].find((child) => child.spiOut === spiOut);
}

/** We ask: delete this Child SA. */
export function deleteChildTask(child: Child): Task {
  return {
    name: 'delete',
    request(_exchange, out) {
      child.deleteSent = true;
      out.push(deleteOf([child]));
    },
    done({ sa }) {
      if (sa.children.get(child.spiIn) === child) sa.removeChild(child, 'deleted-by-us');
      return undefined;
    },
  };
}

/** The peer asks: Delete payloads for Child SAs, for the IKE SA, or for both. */
export function deleteRequestTask(): Task {
  const answer: Child[] = [];
  let ikeSa = false;
  return {
    name: 'delete',
    onRequest({ sa }, { payloads }) {
      for (const payload of findAll(payloads, 'D')) {
        if (payload.protocol === SecurityProtocol.IKE) ikeSa = true;
        // An SPI that we do not know is gone already: nothing to answer for it (§1.4.1). AH is not ours.
        if (payload.protocol !== SecurityProtocol.ESP) continue;
        for (const spi of payload.spis) {
          const child = childBySpiOut(sa, spiNumber(spi));
          if (child === undefined) continue;
          sa.removeChild(child, 'deleted-by-peer');
          // Deletes crossed: each names its own half, and an answer would name the pair twice.
          if (!child.deleteSent) answer.push(child);
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
