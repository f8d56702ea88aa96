/**
 * A second authentication after the first (RFC 4739): the gateway says in IKE_SA_INIT that it can, the client in its first
 * IKE_AUTH that it can and will.
 */
import { NotifyType } from '#core/registry/notify-types.ts';
import { findNotify, notify } from '../payload-access.ts';
import type { Task } from './task.ts';

const { MULTIPLE_AUTH_SUPPORTED, ANOTHER_AUTH_FOLLOWS } = NotifyType;

/** In IKE_SA_INIT, both sides. */
export const multipleAuthSupportTask = (): Task => ({
  name: 'multiple-auth-support',
  response(_exchange, out) {
    out.push(notify(MULTIPLE_AUTH_SUPPORTED));
  },
  onResponse({ sa }, { payloads }) {
    sa.multipleAuth = findNotify(payloads, MULTIPLE_AUTH_SUPPORTED) !== undefined;
    return undefined;
  },
});

/** In the first IKE_AUTH. */
export const multipleAuthTask = (): Task => ({
  name: 'multiple-auth',
  prepare: ({ sa }) =>
    sa.multipleAuth
      ? undefined
      : { ruling: 'close', failure: { cause: 'second-authentication-unsupported' } },
  request(_exchange, out) {
    out.push(notify(MULTIPLE_AUTH_SUPPORTED), notify(ANOTHER_AUTH_FOLLOWS));
  },
});
