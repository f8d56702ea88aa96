/**
 * Notifies that belong to no other task: those we understand have a row here, the others are counted and otherwise
 * ignored (RFC 7296 §3.10.1: an unrecognised error or status in a request, an unrecognised status in an answer).
 */
import { Reader } from '#core/bytes/reader.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { failureOfNotify } from '../failures.ts';
import { findAll, findNotify, type NotifyPayload } from '../payload-access.ts';
import type { Message } from '../payload-types.ts';
import type { RequestWindow } from '../window.ts';
import type { Exchange, Task, Verdict } from './task.ts';

/** Read by other tasks of the same exchange, or known and without consequence for us. */
const KNOWN: ReadonlySet<number> = new Set<number>([
  NotifyType.COOKIE,
  NotifyType.INVALID_KE_PAYLOAD,
  NotifyType.NAT_DETECTION_SOURCE_IP,
  NotifyType.NAT_DETECTION_DESTINATION_IP,
  NotifyType.IKEV2_FRAGMENTATION_SUPPORTED,
  NotifyType.INTERMEDIATE_EXCHANGE_SUPPORTED,
  NotifyType.ADDITIONAL_KEY_EXCHANGE,
  NotifyType.SIGNATURE_HASH_ALGORITHMS,
  NotifyType.MULTIPLE_AUTH_SUPPORTED,
  NotifyType.ANOTHER_AUTH_FOLLOWS,
  NotifyType.USE_PPK,
  NotifyType.PPK_IDENTITY,
  NotifyType.NO_PPK_AUTH,
  NotifyType.EAP_ONLY_AUTHENTICATION,
  NotifyType.INITIAL_CONTACT,
  NotifyType.SET_WINDOW_SIZE,
  NotifyType.REKEY_SA,
  NotifyType.AUTHENTICATION_FAILED,
  NotifyType.AUTH_LIFETIME,
  NotifyType.REDIRECT,
  NotifyType.REDIRECT_SUPPORTED,
  NotifyType.REDIRECTED_FROM,
  NotifyType.MOBIKE_SUPPORTED,
  NotifyType.ADDITIONAL_IP4_ADDRESS,
  NotifyType.ADDITIONAL_IP6_ADDRESS,
  NotifyType.NO_ADDITIONAL_ADDRESSES,
  NotifyType.UPDATE_SA_ADDRESSES,
  NotifyType.COOKIE2,
  NotifyType.NO_NATS_ALLOWED,
  NotifyType.UNACCEPTABLE_ADDRESSES,
  NotifyType.UNEXPECTED_NAT_DETECTED,
  // We never pad against traffic analysis and never send non-first fragments apart, so consent or refusal is moot.
  NotifyType.ESP_TFC_PADDING_NOT_SUPPORTED,
  NotifyType.NON_FIRST_FRAGMENTS_ALSO,
  NotifyType.ADDITIONAL_TS_POSSIBLE,
]);

export function notifiesTask(requests: RequestWindow): Task {
  const read = ({ sa }: Exchange, { payloads }: Message): Verdict => {
    for (const payload of findAll(payloads, 'N')) {
      if (!KNOWN.has(payload.type)) sa.counters.unknownNotifies++;
      const size = windowSize(payload);
      if (size !== undefined) requests.peerAllows(size);
    }
    return undefined;
  };
  return {
    name: 'notifies',
    onRequest: read,
    onResponse(exchange, message) {
      read(exchange, message);
      const { header, payloads } = message;
      const ended =
        header.exchange === ExchangeType.INFORMATIONAL && findNotify(payloads, NotifyType.INVALID_SYNTAX);
      if (!ended) return undefined;
      // Fatal to both ends, whatever we had asked (§2.21.3); the other exchanges judge their refusals themselves.
      return { ruling: 'close', failure: failureOfNotify(ended.type, exchange.sa.config, header.exchange) };
    },
  };
}

/** §2.3: four octets; another length means nothing. */
function windowSize({ type, data }: NotifyPayload): number | undefined {
  if (type !== NotifyType.SET_WINDOW_SIZE || data.length !== 4) return undefined;
  return new Reader(data).u32('window size');
}
