/**
 * When our own certificate of a profile ends. Asked when a list or a profile is shown, one profile after the other, once
 * for each revision; never by the clock.
 */
import type { ProfileSummary } from '#core/ipc/contract.ts';
import type { Slice } from './store.ts';

interface Expiry {
  readonly revision: string | undefined;
  /** ISO 8601; null where there is no certificate of ours that can be read. */
  readonly notAfter: string | null;
}

export interface ExpirySlice {
  /** By profile. */
  readonly expiries: Readonly<Record<string, Expiry>>;
  readonly askExpiries: (profiles: readonly ProfileSummary[]) => Promise<void>;
}

/** A profile without a key of ours has no certificate of ours to speak of. */
const hasOwn = ({ storedSecrets }: ProfileSummary): boolean =>
  storedSecrets.includes('privateKey') || storedSecrets.includes('pkcs12');

export const expirySlice: Slice<ExpirySlice> = (set, get, { bridge }) => {
  let asking: Promise<void> = Promise.resolve();

  async function ask({ id, revision }: ProfileSummary): Promise<void> {
    const known = get().expiries[id];
    if (known !== undefined && known.revision === revision) return;
    const answer = await bridge.call('profiles.certificates', { id });
    if (!answer.ok) return;
    const own = answer.result.certificates.find((one) => one.role === 'own');
    const notAfter = own?.readable ? own.notAfter : null;
    set({ expiries: { ...get().expiries, [id]: { revision, notAfter } } });
  }

  return {
    expiries: {},
    askExpiries(profiles) {
      const wanted = profiles.filter(hasOwn);
      asking = after(asking, async () => {
        for (const profile of wanted) await ask(profile);
      });
      return asking;
    },
  };
};

async function after(before: Promise<void>, act: () => Promise<void>): Promise<void> {
  await before;
  await act();
}

/** From when on a word is said, and from when on it is a warning: a new certificate takes an IT department some days. */
const SOON_DAYS = 30;
const URGENT_DAYS = 14;

export type Urgency = 'soon' | 'urgent' | 'expired';

export function urgencyOf(days: number): Urgency {
  if (days < 0) return 'expired';
  return days < URGENT_DAYS ? 'urgent' : 'soon';
}

/** Whole days until `notAfter`, rounded down; undefined where it is not worth a word yet. */
export function soonDays(notAfter: string | null | undefined, now: number): number | undefined {
  if (notAfter === null || notAfter === undefined) return undefined;
  const days = Math.floor((Date.parse(notAfter) - now) / 86_400_000);
  return days < SOON_DAYS ? days : undefined;
}
