/**
 * What a tunnel has carried since it was brought up: the counters of its Child SAs, and of those that are gone, which take
 * theirs along at each rekeying. Looked at once a second, so that at most the last second of an SA is missing; one that was
 * rekeyed still counts for some seconds, and nothing of it is. life.ts has one.
 */
import type { TunnelStatus } from '#core/ipc/contract.ts';
import type { SaCounters } from '../native/data-plane.ts';

type Counters = Pick<SaCounters, 'spiIn' | 'bytesIn' | 'bytesOut'>;

export class Carried {
  #present: readonly Counters[] = [];
  #goneIn = 0n;
  #goneOut = 0n;

  /** `now`: of all Child SAs that the data plane has. */
  note(now: readonly Counters[]): void {
    for (const { spiIn, bytesIn, bytesOut } of this.#present) {
      if (now.some((one) => one.spiIn === spiIn)) continue;
      this.#goneIn += bytesIn;
      this.#goneOut += bytesOut;
    }
    this.#present = now;
  }

  get total(): TunnelStatus['carried'] {
    const sum = (of: 'bytesIn' | 'bytesOut', gone: bigint): number =>
      Number(this.#present.reduce((total, one) => total + one[of], gone));
    return { bytesIn: sum('bytesIn', this.#goneIn), bytesOut: sum('bytesOut', this.#goneOut) };
  }
}
