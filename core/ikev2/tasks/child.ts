/**
 * The first Child SA, made inside IKE_AUTH (RFC 7296 §1.2, §2.9, §2.17).
 *
 *     I -> R: HDR, SK {…, SAi2, TSi, TSr}
 *     R -> I: HDR, SK {…, SAr2, TSi, TSr}
 *
 * It knows proposals, selectors and keys of ESP; that the peer is authentic is another task's business.
 */
import { Reader } from '#core/bytes/reader.ts';
import { Writer } from '#core/bytes/writer.ts';
import type { EspSuite } from '#core/crypto/interfaces.ts';
import { espSuiteOf } from '#core/crypto/suite.ts';
import type { Proposal } from '#core/ike/proposal.ts';
import { selectProposal, verifySelection } from '#core/ike/select-proposal.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { selectorsForResponder, within } from '../child-selectors.ts';
import { withoutGroups } from '../child-offer.ts';
import { installChild, type NegotiatedChild } from '../child-install.ts';
import type { InitiatorConfig, ResponderConfig } from '../connection-types.ts';
import { noProposal, protocolError, tsUnacceptable } from '../failures.ts';
import { find, notify, type NotifyPayload } from '../payload-access.ts';
import type { Payload } from '../payload-types.ts';
import { DELETE_IKE_SA } from './delete.ts';
import { leaving, type Task } from './task.ts';

/** What tasks of the responder agree on: no Child SA, for this reason, though the IKE SA stands. */
export interface ChildGrant {
  refused?: NotifyPayload;
}

/** SPIs 0 to 255 are reserved (RFC 4303 §2.1). */
const MIN_SPI = 256;

export const spiBytes = (spi: number): Uint8Array => new Writer().u32(spi).finish();

/** The suite and the peer's SPI of a chosen proposal, or a sentence. */
export function readChosen(chosen: Proposal): { readonly suite: EspSuite; readonly spiOut: number } | string {
  const suite = espSuiteOf(chosen.transforms);
  if (suite === undefined) return 'the chosen ESP transforms make no suite';
  const spiOut = chosen.spi.length === 4 ? new Reader(chosen.spi).u32('SPI') : 0;
  return spiOut < MIN_SPI ? `${spiOut} is not a usable SPI` : { suite, spiOut };
}

export function childTaskOfInitiator(config: InitiatorConfig): Task {
  const { child } = config;
  let spiIn = 0;
  let offer: readonly Proposal[] = [];
  let negotiated: NegotiatedChild | undefined;
  return {
    name: 'child',
    request({ sa }, out) {
      spiIn = sa.newChildSpi();
      // IKE_AUTH has no KE payload, so its proposals must not name a group (§1.2).
      offer = withoutGroups(child.proposals).map((proposal) => ({ ...proposal, spi: spiBytes(spiIn) }));
      out.push({ kind: 'SA', proposals: offer });
      out.push({ kind: 'TSi', selectors: child.localTs });
      out.push({ kind: 'TSr', selectors: child.remoteTs });
    },
    onResponse(_exchange, { payloads }) {
      const sa = find(payloads, 'SA');
      const tsi = find(payloads, 'TSi');
      const tsr = find(payloads, 'TSr');
      if (sa === undefined || tsi === undefined || tsr === undefined) {
        return leaving(protocolError('the answer to IKE_AUTH lacks SA, TSi or TSr'), DELETE_IKE_SA);
      }
      const chosen = verifySelection(offer, sa.proposals);
      if (typeof chosen === 'string')
        return leaving(noProposal(config, 'ESP', 'us', sa.proposals), DELETE_IKE_SA);
      const read = readChosen(chosen);
      if (typeof read === 'string') return leaving(protocolError(read), DELETE_IKE_SA);
      // Narrowing may take away, never add (§2.9). Selectors stay as agreed, also those of a family without an
      // address of ours: they are the peer's to use, and which routes follow from them is the driver's decision.
      if (!within(tsi.selectors, child.localTs) || !within(tsr.selectors, child.remoteTs)) {
        return leaving(tsUnacceptable('us', tsi.selectors, tsr.selectors), DELETE_IKE_SA);
      }
      negotiated = { ...read, config: child, spiIn, localTs: tsi.selectors, remoteTs: tsr.selectors };
      return undefined;
    },
    done({ sa, now }) {
      if (negotiated !== undefined) installChild(sa, now, negotiated);
      return undefined;
    },
  };
}

export function childTaskOfResponder(config: ResponderConfig, grant: ChildGrant): Task {
  const { child } = config;
  let answer: readonly Payload[] = [];
  let negotiated: NegotiatedChild | undefined;
  return {
    name: 'child',
    onRequest({ sa }, { payloads }) {
      const offer = find(payloads, 'SA');
      const tsi = find(payloads, 'TSi');
      const tsr = find(payloads, 'TSr');
      if (grant.refused !== undefined || offer === undefined || tsi === undefined || tsr === undefined) {
        return undefined;
      }
      const chosen = selectProposal(withoutGroups(offer.proposals), withoutGroups(child.proposals))?.proposal;
      const read = chosen && readChosen(chosen);
      if (chosen === undefined || read === undefined || typeof read === 'string') {
        grant.refused = notify(NotifyType.NO_PROPOSAL_CHOSEN);
        return undefined;
      }
      const selectors = selectorsForResponder(child, sa.assigned, tsi.selectors, tsr.selectors);
      if (selectors === undefined) {
        grant.refused = notify(NotifyType.TS_UNACCEPTABLE);
        return undefined;
      }
      const spiIn = sa.newChildSpi();
      negotiated = { ...read, config: child, spiIn, ...selectors };
      answer = [
        { kind: 'SA', proposals: [{ ...chosen, spi: spiBytes(spiIn) }] },
        { kind: 'TSi', selectors: selectors.remoteTs },
        { kind: 'TSr', selectors: selectors.localTs },
      ];
      return undefined;
    },
    response(_exchange, out) {
      out.push(...(grant.refused === undefined ? answer : [grant.refused]));
    },
    done({ sa, now }) {
      if (negotiated !== undefined) installChild(sa, now, negotiated);
      return undefined;
    },
  };
}
