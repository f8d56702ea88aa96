/**
 * One toast at a time: a new one takes the place of the old. What is muted shows nothing, but takes away what it makes
 * untrue: “connection lost” does not stay when the connection is back.
 */
import { Notification } from 'electron';
import type { Notice } from './notification-model.ts';

export class Notifications {
  readonly #onClick: () => void;
  #shown: { readonly toast: Notification; readonly profile: string | undefined } | undefined;

  constructor(onClick: () => void) {
    this.#onClick = onClick;
  }

  show({ title, body, severity, profile }: Notice, mute: boolean): void {
    if (!Notification.isSupported()) return;
    if (mute && severity === 'minor') {
      if (this.#shown?.profile === profile) this.clear();
      return;
    }
    this.clear();
    const toast = new Notification({
      title,
      body,
      silent: severity === 'minor',
      urgency: severity === 'minor' ? 'low' : 'normal',
    });
    toast.on('click', this.#onClick);
    toast.show();
    this.#shown = { toast, profile };
  }

  /** Takes away what is shown. */
  clear(): void {
    this.#shown?.toast.close();
    this.#shown = undefined;
  }
}
