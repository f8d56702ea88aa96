/** Both ends have proven who they are: the driver hears of it before anything that stands on it. */
import { deadlines } from '../lifetimes.ts';
import type { Task } from './task.ts';

export const establishedTask = (): Task => ({
  name: 'established',
  done({ sa, now }) {
    if (sa.suite === undefined || sa.remoteId === undefined) {
      throw new Error('established without keys or peer');
    }
    const ends = deadlines(sa.config, now, sa.config.lifetimeSec);
    Object.assign(sa, ends);
    sa.stood = true;
    if (!sa.isInitiator) sa.emitPath();
    sa.emit({
      type: 'ike-established',
      spiI: sa.spiI,
      spiR: sa.spiR,
      suite: sa.suite,
      ...(sa.ppk === 'used' ? { ppk: true } : {}),
      remoteId: sa.remoteId,
      vendorIds: sa.peerVendorIds,
      ...ends,
    });
    return undefined;
  },
});
