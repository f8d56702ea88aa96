/** Both ends have proven who they are: the driver hears of it before anything that stands on it. */
import type { Task } from './task.ts';

export const establishedTask = (): Task => ({
  name: 'established',
  done({ sa, now }) {
    if (sa.suite === undefined || sa.remoteId === undefined) {
      throw new Error('established without keys or peer');
    }
    if (sa.config.lifetimeSec !== undefined) sa.expiresAt = now + sa.config.lifetimeSec * 1000;
    if (!sa.isInitiator) sa.emitPath();
    sa.emit({
      type: 'ike-established',
      spiI: sa.spiI,
      spiR: sa.spiR,
      suite: sa.suite,
      remoteId: sa.remoteId,
      vendorIds: sa.peerVendorIds,
      ...(sa.expiresAt === undefined ? {} : { expiresAt: sa.expiresAt }),
    });
    return undefined;
  },
});
