/** A tunnel's way out past lockdown (helper/lockdown/). Its carrier has one, and asks it about each datagram. */
import type { SocketAddress } from '#core/net/address.ts';

export interface Passage {
  /**
   * The tunnel is to go there, to this port and to those of IKE and of ESP in UDP (500, 4500). Only what we decided ourselves comes here: whoever
   * sends us something must not open anything by that.
   */
  lead(remote: SocketAddress): void;
  /** Whether packets may go there: now, after a moment (then it resolves when they may, or nothing more can be done for it), or not. */
  way(remote: SocketAddress): 'open' | 'closed' | Promise<void>;
  /** Nobody answers: what was open may have been closed by another hand, and is opened anew. */
  doubt(): void;
  /** Nothing more is sent. */
  close(): void;
}

/** Where there is no lockdown. */
export const FREE: Passage = {
  lead: () => undefined,
  way: () => 'open',
  doubt: () => undefined,
  close: () => undefined,
};
