/**
 * MOBIKE (RFC 4555) in IKE_AUTH, and the initiator's half of it: whoever began the first IKE SA decides on the path.
 *
 *     -> HDR, SK {N(UPDATE_SA_ADDRESSES), N(NAT_DETECTION_*_IP), [N(COOKIE2)]}
 *     <- HDR, SK {N(NAT_DETECTION_*_IP), [N(COOKIE2)]}
 *
 * mobike-responder.ts has the other half; exchanges.ts puts the tasks into exchanges; roaming.ts begins.
 */
import { EMPTY, equal } from '#core/bytes/bytes.ts';
import type { IpAddress } from '#core/net/address.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { readAddresses, tellAddresses } from '../additional-addresses.ts';
import type { ConnectionConfig } from '../connection-types.ts';
import { failureOfNotify, protocolError } from '../failures.ts';
import type { IkeSa } from '../ike-sa.ts';
import { findError, findNotify, notify } from '../payload-access.ts';
import type { Payload } from '../payload-types.ts';
import { DELETE_IKE_SA } from './delete.ts';
import { compareNat, seenAs, tellNat } from './natd.ts';
import { leaving, type Task, type Verdict } from './task.ts';

const { MOBIKE_SUPPORTED, UPDATE_SA_ADDRESSES, COOKIE2 } = NotifyType;
/** §4.2.5 allows 8 to 64. */
const COOKIE2_BYTES = 16;

/** Whether this end wants MOBIKE. */
const wantsMobike = ({ mobike }: ConnectionConfig): boolean => mobike !== false;

/** MOBIKE_SUPPORTED and the other addresses of either end, in the IKE_AUTH message that has the SA payload (§3.3, §3.4). */
export function mobikeTask(): Task {
  let theirs: readonly IpAddress[] | undefined;
  const read = (sa: IkeSa, payloads: readonly Payload[]): Verdict => {
    sa.where.mobike = wantsMobike(sa.config) && findNotify(payloads, MOBIKE_SUPPORTED) !== undefined;
    theirs = readAddresses(payloads);
    return undefined;
  };
  const say = ({ config }: IkeSa, out: Payload[]): void => {
    out.push(notify(MOBIKE_SUPPORTED), ...tellAddresses(config.additionalAddresses ?? []));
  };
  return {
    name: 'mobike',
    request({ sa }, out) {
      if (wantsMobike(sa.config)) say(sa, out);
    },
    onRequest: ({ sa }, { payloads }) => read(sa, payloads),
    response({ sa }, out) {
      if (sa.where.mobike) say(sa, out);
    },
    onResponse: ({ sa }, { payloads }) => read(sa, payloads),
    done({ sa }) {
      sa.where.confirmed = sa.path;
      if (sa.where.mobike && theirs !== undefined) sa.emit({ type: 'peer-addresses', addresses: theirs });
      return undefined;
    },
  };
}

export const newCookie = ({ config }: IkeSa): Uint8Array => config.random(COOKIE2_BYTES).slice();

/** The answer has to bring COOKIE2 back as it was sent, or the IKE SA ends (§3.7). */
export function judgeCookie(payloads: readonly Payload[], cookie: Uint8Array): Verdict {
  if (equal(findNotify(payloads, COOKIE2)?.data ?? EMPTY, cookie)) return undefined;
  return leaving(protocolError('the answer does not bring COOKIE2 back as it was sent'), DELETE_IKE_SA);
}

/** The initiator: these are the addresses from now on (§3.5). A newer change makes the answer to an older one worthless. */
export function updateTask(): Task {
  let cookie: Uint8Array | undefined;
  let refusal: number | undefined;
  /** A newer update is wanted, or under way in the IKE SA that has taken the place of ours. */
  let outdated = false;
  return {
    name: 'update-sa-addresses',
    request(exchange, out) {
      const { sa, path } = exchange;
      sa.where.update = 'no';
      sa.where.updatedUnder = sa.generation;
      out.push(notify(UPDATE_SA_ADDRESSES));
      tellNat(exchange, out);
      // Another address of the gateway's: that the gateway is there is for us to find out (§3.7).
      if (sa.where.confirmed?.remote.address === path.remote.address) return;
      cookie = newCookie(sa);
      out.push(notify(COOKIE2, cookie));
    },
    onResponse(exchange, message) {
      const { sa } = exchange;
      const verdict = cookie && judgeCookie(message.payloads, cookie);
      if (verdict !== undefined) return verdict;
      outdated = sa.where.update !== 'no' || sa.where.updatedUnder !== sa.generation;
      refusal = findError(message.payloads)?.type;
      if (outdated || refusal !== undefined) return undefined;
      compareNat(exchange, message);
      sa.seenAs = seenAs(message);
      return undefined;
    },
    done({ sa }) {
      if (outdated) return undefined;
      const { where } = sa;
      where.roaming = false;
      if (refusal === undefined) {
        where.confirmed = where.path;
      } else {
        // The peer goes on with the old addresses, and so do we (§3.5).
        where.path = where.confirmed;
        const failure = failureOfNotify(refusal, sa.config, ExchangeType.INFORMATIONAL);
        sa.emit({ type: 'roam-failed', failure });
      }
      sa.emitPath();
      if (refusal === undefined) sa.emit({ type: 'addresses-updated' });
      return undefined;
    },
  };
}

/**
 * The same under an IKE SA that the peer has replaced: until it has our answer, it knows no other (RFC 7296 §2.8). What the move
 * comes to is learnt from the update under the new one.
 */
export const lateUpdateTask = (): Task => ({
  name: 'late-update',
  request(exchange, out) {
    out.push(notify(UPDATE_SA_ADDRESSES));
    tellNat(exchange, out);
  },
});

/**
 * In a question for life from behind a NAT: as whom does the peer see us now (§3.8)? With MOBIKE it does not follow a new
 * mapping by itself. What it said under other SPIs cannot be compared, and counts as changed.
 */
export function mappingTask(): Task {
  const asks = ({ config, where }: IkeSa): boolean =>
    config.role === 'initiator' && where.mobike && where.nat.local;
  return {
    name: 'nat-mapping',
    request(exchange, out) {
      if (asks(exchange.sa)) tellNat(exchange, out);
    },
    onResponse({ sa }, message) {
      const now = seenAs(message);
      if (!asks(sa) || now === undefined) return undefined;
      const same = sa.seenAs !== undefined && equal(sa.seenAs, now);
      if (!same && sa.where.update === 'no') sa.where.update = 'due';
      return undefined;
    },
  };
}
