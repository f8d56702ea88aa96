/**
 * Redirect (RFC 5685): a gateway sends its clients to another one, in the answer to IKE_SA_INIT (§3), in the answer to IKE_AUTH
 * (§6), or in a request of its own while the tunnel stands (§5). The client says in IKE_SA_INIT that it can, or who sent
 * it here. How often and where to it lets itself be sent is decided outside.
 *
 *     I -> R: HDR, SAi1, KEi, Ni, N(REDIRECT_SUPPORTED)      R -> I: HDR, N(REDIRECT)
 *     I -> R: HDR, SK {IDi, AUTH, SAi2, TSi, TSr}            R -> I: HDR, SK {IDr, AUTH, N(REDIRECT)}
 *     R -> I: HDR, SK {N(REDIRECT)}                          I -> R: HDR, SK {}
 */
import { EMPTY, equal } from '#core/bytes/bytes.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import type {
  ConnectionConfig,
  InitiatorConfig,
  RedirectedDuring,
  ResponderConfig,
} from '../connection-types.ts';
import type { IkeSa } from '../ike-sa.ts';
import { findNotify, notify } from '../payload-access.ts';
import type { Message } from '../payload-types.ts';
import { decodeTarget, encodeTarget, redirectTarget, type RedirectTarget } from '../redirect-target.ts';
import type { ChildGrant } from './child.ts';
import { DELETE_IKE_SA } from './delete.ts';
import type { Exchange, Task, Verdict } from './task.ts';

const { REDIRECT, REDIRECT_SUPPORTED, REDIRECTED_FROM } = NotifyType;

/** What a client that was redirected to us here may take to go; then the gateway ends the IKE SA (§5). */
const GRACE_MS = 30_000;

const takesRedirect = (config: ConnectionConfig): boolean =>
  config.role === 'initiator' && config.redirect !== undefined;

/** Where a message sends us. `nonsense`: unasked for, garbage, or for somebody else. */
function read(sa: IkeSa, { payloads }: Message, nonce = EMPTY): RedirectTarget | 'nonsense' | undefined {
  const asked = findNotify(payloads, REDIRECT);
  if (asked === undefined) return undefined;
  const found = takesRedirect(sa.config) ? decodeTarget(asked.data) : undefined;
  return found !== undefined && equal(found.nonce, nonce) ? found.target : 'nonsense';
}

/** The same inside an IKE SA, where nonsense is counted and otherwise passed over. */
function hear(sa: IkeSa, message: Message): RedirectTarget | undefined {
  const to = read(sa, message);
  if (to !== 'nonsense') return to;
  sa.counters.ignoredNotifies++;
  return undefined;
}

function tell(sa: IkeSa, to: RedirectTarget, during: RedirectedDuring): void {
  sa.emit({ type: 'redirect', to, during });
}

/** Initiator, IKE_SA_INIT: that we can be sent elsewhere, or who has sent us here (§3). */
export const redirectSupportTask = ({ redirect }: InitiatorConfig): Task => ({
  name: 'redirect-support',
  request(_exchange, out) {
    if (redirect === undefined) return;
    const from = redirect.from === undefined ? undefined : redirectTarget(redirect.from);
    out.push(from === undefined ? notify(REDIRECT_SUPPORTED) : notify(REDIRECTED_FROM, encodeTarget(from)));
  },
});

/** Initiator, IKE_SA_INIT: nothing vouches for the answer but our nonce in it (§3). */
export const redirectInInitTask = (): Task => ({
  name: 'redirect',
  onResponse({ sa }, message): Verdict {
    const to = read(sa, message, sa.nonceI);
    if (to === undefined) return undefined;
    // A better answer may follow.
    if (to === 'nonsense') return { ruling: 'drop', counter: 'ignoredNotifies' };
    tell(sa, to, 'init');
    return { ruling: 'close' };
  },
});

/**
 * Initiator, IKE_AUTH: behind the gateway's proof in the row of tasks, `proven` where there is one. There is no Child SA, and
 * the IKE SA goes (§6).
 */
export const redirectInAuthTask = (proven = true): Task => ({
  name: 'redirect',
  onResponse({ sa }, message): Verdict {
    const to = hear(sa, message);
    if (to === undefined) return undefined;
    if (!proven) {
      sa.counters.ignoredNotifies++;
      return undefined;
    }
    tell(sa, to, 'auth');
    return { ruling: 'leave', farewell: [DELETE_IKE_SA] };
  },
});

/** Initiator, INFORMATIONAL: the answer is empty; the old tunnel stays until there is a new one (§5). */
export function redirectRequestTask(): Task {
  let to: RedirectTarget | undefined;
  return {
    name: 'redirect',
    onRequest({ sa }, message) {
      to = hear(sa, message);
      return undefined;
    },
    done({ sa }) {
      if (to !== undefined && sa.state === 'established') tell(sa, to, 'established');
      return undefined;
    },
  };
}

const wants = (
  sa: IkeSa,
  { redirectTo }: ResponderConfig,
  when: RedirectedDuring,
): RedirectTarget | undefined =>
  sa.peerTakesRedirect && redirectTo?.when === when ? redirectTo.target : undefined;

/** Responder, IKE_SA_INIT: before anything is computed for the client. */
export const redirectFirstTask = (config: ResponderConfig): Task => ({
  name: 'redirect',
  onRequest({ sa }, { payloads }): Verdict {
    sa.peerTakesRedirect = [REDIRECT_SUPPORTED, REDIRECTED_FROM].some((type) => findNotify(payloads, type));
    const target = wants(sa, config, 'init');
    const nonce = payloads.find((payload) => payload.kind === 'NONCE');
    if (target === undefined || nonce === undefined) return undefined;
    return { ruling: 'refuse', answer: notify(REDIRECT, encodeTarget(target, nonce.data)) };
  },
});

/** Responder, the last IKE_AUTH: in the place of the Child SA, or as a request that follows. */
export const redirectClientTask = (config: ResponderConfig, grant: ChildGrant): Task => ({
  name: 'redirect',
  onRequest({ sa, now }) {
    const target = wants(sa, config, 'auth');
    if (target === undefined) return undefined;
    grant.refused = notify(REDIRECT, encodeTarget(target));
    sa.leaveAt = { at: now + GRACE_MS };
    return undefined;
  },
  done({ sa }) {
    sa.wishes.redirect = wants(sa, config, 'established');
    return undefined;
  },
});

/** Responder: asks the client to go. */
export const goElsewhereTask = (target: RedirectTarget): Task => ({
  name: 'redirect',
  request(_exchange, out) {
    out.push(notify(REDIRECT, encodeTarget(target)));
  },
  done({ sa, now }: Exchange) {
    sa.leaveAt = { at: now + GRACE_MS };
    return undefined;
  },
});
