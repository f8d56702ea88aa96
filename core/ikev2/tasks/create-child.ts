/**
 * CREATE_CHILD_SA requests of the peer, refused for now: the rekey and additional-child tasks take this place in
 * exchanges.ts. NO_ADDITIONAL_SAS is the honest answer (RFC 7296 §1.3): it says that this will not work later
 * either, so the peer makes a new IKE SA when the old one ends. TEMPORARY_FAILURE would have it ask again every
 * few seconds; that is right only while the IKE SA is being deleted (§2.25.2).
 */
import { NotifyType } from '#core/registry/notify-types.ts';
import { notify } from '../payload-access.ts';
import type { Task } from './task.ts';

export function createChildTask(): Task {
  return {
    name: 'create-child',
    onRequest({ sa }) {
      const type = sa.state === 'deleting' ? NotifyType.TEMPORARY_FAILURE : NotifyType.NO_ADDITIONAL_SAS;
      return { ruling: 'refuse', answer: notify(type) };
    },
  };
}
