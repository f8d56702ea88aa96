/**
 * COOKIE (RFC 7296 §2.6): a responder under load wants to see that our address is ours before it spends memory or a
 * key exchange. The request goes again with the cookie as its first payload and everything else unchanged. The
 * responder's side is stateless and lives in endpoint-cookie.ts.
 */
import type { Failure } from '#core/failure/failure.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { findNotify, notify } from '../payload-access.ts';
import type { Task } from './task.ts';

/**
 * So many are returned at once: secrets rotate, so a cookie may age on the way and a second one is fair. A gateway in a burst
 * of logins may change them faster than we answer; from then on the newest goes along with each retransmission, and the
 * end of those is the end.
 */
const MAX_AT_ONCE = 5;

/** §2.6 */
const MAX_COOKIE_BYTES = 64;

const CIRCLING: Failure = {
  cause: 'protocol-error',
  detail: `asks for a new cookie again and again`,
  sentBy: 'peer',
};

export function cookieTask(): Task {
  let cookie: Uint8Array | undefined;
  let received = 0;
  return {
    name: 'cookie',
    request(_exchange, out) {
      if (cookie !== undefined) out.push(notify(NotifyType.COOKIE, cookie));
    },
    onResponse(_exchange, { payloads }) {
      const asked = findNotify(payloads, NotifyType.COOKIE);
      if (asked === undefined) return undefined;
      if (asked.data.length === 0 || asked.data.length > MAX_COOKIE_BYTES) {
        return { ruling: 'drop', counter: 'malformed' };
      }
      // A copy: the receive buffer may be reused before the request is built again.
      cookie = asked.data.slice();
      return ++received > MAX_AT_ONCE ? { ruling: 'repeat-later', failure: CIRCLING } : { ruling: 'repeat' };
    },
  };
}
