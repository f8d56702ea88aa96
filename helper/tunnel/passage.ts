/** A tunnel's way out past lockdown (helper/lockdown.ts). Its carrier asks before anything is sent somewhere new. */
import type { SocketAddress } from '#core/net/address.ts';

export interface Passage {
  /** Undefined where packets may go there now; else resolves when they may, or when nothing more can be done for it. */
  open(remote: SocketAddress): Promise<void> | undefined;
  /** Nobody answers: what was open may have been closed by another hand, and is asked for anew. */
  doubt(): void;
  /** Nothing more is sent. */
  close(): void;
}

/** Where there is no lockdown. */
export const FREE: Passage = { open: () => undefined, doubt: () => undefined, close: () => undefined };
