/**
 * More Child SAs than the one of IKE_AUTH, for gateways that want one for each network (RFC 7296 §1.3.1). They are wished for
 * when the first one stands; create-child asks for them.
 */
import type { InitiatorConfig } from '../connection-types.ts';
import { localSelectors } from '../child-selectors.ts';
import { newWish } from '../wishes.ts';
import type { Task } from './task.ts';

export const furtherChildrenTask = ({ furtherChildren = [] }: InitiatorConfig): Task => ({
  name: 'further-children',
  done({ sa, now }) {
    for (const config of furtherChildren) {
      // The address is known by now, and some gateways do not narrow.
      const localTs = localSelectors(sa, config);
      if (localTs.length === 0) continue;
      sa.wishes.children.push({ ...newWish(now), config, localTs, remoteTs: config.remoteTs });
    }
    return undefined;
  },
});
