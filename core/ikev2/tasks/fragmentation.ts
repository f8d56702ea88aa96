/**
 * IKEV2_FRAGMENTATION_SUPPORTED in IKE_SA_INIT (RFC 7383 §2.3): the initiator says it, the responder says it back, and from
 * then on both may send messages in SKF payloads.
 */
import { NotifyType } from '#core/registry/notify-types.ts';
import { findNotify, notify } from '../payload-access.ts';
import type { Message, Payload } from '../payload-types.ts';
import type { Exchange, Task, Verdict } from './task.ts';

const { IKEV2_FRAGMENTATION_SUPPORTED } = NotifyType;

function note({ sa }: Exchange, { payloads }: Message): Verdict {
  sa.fragmentation =
    sa.fragmentBytes > 0 && findNotify(payloads, IKEV2_FRAGMENTATION_SUPPORTED) !== undefined;
  return undefined;
}

export const fragmentationTask = (): Task => ({
  name: 'fragmentation',
  request({ sa }, out: Payload[]) {
    if (sa.fragmentBytes > 0) out.push(notify(IKEV2_FRAGMENTATION_SUPPORTED));
  },
  onRequest: note,
  response({ sa }, out: Payload[]) {
    if (sa.fragmentation) out.push(notify(IKEV2_FRAGMENTATION_SUPPORTED));
  },
  onResponse: note,
});
