/**
 * Tells the log of ways to the gateway that swallow large packets without a word, as the data plane noticed it: once when it
 * begins, once when the full size is tried again. Asked by life.ts every second; docs/path-mtu.md says what the data plane does.
 */
import type { Logger } from '../log/log.ts';
import type { PathState } from '../native/data-plane.ts';

export class BlackHoles {
  readonly #log: Logger;
  #known = new Map<string, PathState>();

  constructor(log: Logger) {
    this.#log = log;
  }

  note(paths: readonly PathState[]): void {
    const now = new Map(
      paths
        .filter(({ blackHole }) => blackHole)
        .map((path) => [`${path.socket} ${path.remote.address}`, path]),
    );
    for (const [key, { remote, mtu }] of now) {
      if (this.#known.get(key)?.mtu === mtu) continue;
      this.#log.info(
        `large packets vanish on the way to ${remote.address}, and no router says so: ${mtu} octets are the most for ten minutes`,
      );
    }
    for (const [key, { remote }] of this.#known) {
      if (!now.has(key)) this.#log.debug(`the way to ${remote.address} is given its full size again`);
    }
    this.#known = now;
  }
}
