/** The small tasks of INFORMATIONAL exchanges (RFC 7296 §1.4) that need no file of their own. */
import { NotifyType } from '#core/registry/notify-types.ts';
import { failureOfNotify } from '../failures.ts';
import { findNotify } from '../payload-access.ts';
import type { Payload } from '../payload-types.ts';
import type { Task } from './task.ts';

/** Asks for life: nothing to say, the answer itself is the news (§2.4). */
export const livenessTask = (): Task => ({ name: 'liveness' });

/** Our last word to the peer; whatever it answers, the SA is over. */
export function farewellTask(payloads: readonly Payload[]): Task {
  return {
    name: 'farewell',
    request(_exchange, out) {
      out.push(...payloads);
    },
    done: () => ({ ruling: 'close' }),
  };
}

/** The initiator did not accept our proof (§2.21.2); it has no IKE SA any more. */
export function rejectedTask(): Task {
  let rejected = false;
  return {
    name: 'rejected',
    onRequest(_exchange, { payloads }) {
      rejected = findNotify(payloads, NotifyType.AUTHENTICATION_FAILED) !== undefined;
      return undefined;
    },
    done({ sa }) {
      if (!rejected) return undefined;
      return {
        ruling: 'close',
        failure: failureOfNotify(NotifyType.AUTHENTICATION_FAILED, sa.config, 0),
      };
    },
  };
}
