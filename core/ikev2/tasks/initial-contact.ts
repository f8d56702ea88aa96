/** INITIAL_CONTACT (RFC 7296 §2.4): the initiator says that this is its only IKE SA with the responder. */
import { NotifyType } from '#core/registry/notify-types.ts';
import { findNotify, notify } from '../payload-access.ts';
import type { Task } from './task.ts';

export function initialContactTask(): Task {
  return {
    name: 'initial-contact',
    request({ sa }, out) {
      if (sa.config.role === 'initiator' && sa.config.initialContact) {
        out.push(notify(NotifyType.INITIAL_CONTACT));
      }
    },
    // endpoint.ts acts on it, once the identity behind it is proven.
    onRequest({ sa }, { payloads }) {
      sa.initialContact = findNotify(payloads, NotifyType.INITIAL_CONTACT) !== undefined;
      return undefined;
    },
  };
}
