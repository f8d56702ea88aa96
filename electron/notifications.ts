/** One toast at a time: a new one takes the place of the old. */
import { Notification } from 'electron';
import type { Notice } from './notification-model.ts';

export class Notifications {
  readonly #onClick: () => void;
  #shown: Notification | undefined;

  constructor(onClick: () => void) {
    this.#onClick = onClick;
  }

  show({ title, body, severity }: Notice): void {
    if (!Notification.isSupported()) return;
    this.#shown?.close();
    this.#shown = new Notification({
      title,
      body,
      silent: severity === 'minor',
      urgency: severity === 'minor' ? 'low' : 'normal',
    });
    this.#shown.on('click', this.#onClick);
    this.#shown.show();
  }
}
