/**
 * The profiles as the helper tells them: a first page, the pages after it, and changes at any time. Whatever was told
 * as a change is newer than a page that was asked for before it. helper-client.ts keeps one.
 */
import type { ProfileSummary } from '#core/ipc/contract.ts';
import type { ProfilesNews } from './helper-connection.ts';

export interface ProfilesPage {
  readonly profiles: readonly ProfileSummary[];
  readonly next?: string | undefined;
}

export class ProfileList {
  profiles: readonly ProfileSummary[] = [];
  #known = new Map<string, ProfileSummary>();
  /** Told as changes since the list began. */
  #told = new Set<string>();
  /** Where the list goes on: `from` undefined is its beginning. */
  #rest: { readonly from: string | undefined } | undefined;

  get isWhole(): boolean {
    return this.#rest === undefined;
  }

  /** True where the profiles are others now. */
  hear(news: ProfilesNews): boolean {
    if ('changed' in news) {
      for (const profile of news.changed) this.#known.set(profile.id, profile);
      for (const id of news.removed) this.#known.delete(id);
      for (const id of [...news.changed.map((profile) => profile.id), ...news.removed]) this.#told.add(id);
    } else {
      this.#known = new Map(news.all?.map((profile) => [profile.id, profile]));
      this.#told = new Set();
      this.#rest = news.all !== undefined && news.next === undefined ? undefined : { from: news.next };
    }
    return this.isWhole && this.#show();
  }

  /** Reads what is left, page by page; true where the profiles are others now. */
  async whole(page: (after: string | undefined) => Promise<ProfilesPage>): Promise<boolean> {
    while (this.#rest !== undefined) {
      const asked = this.#rest;
      const { profiles, next } = await page(asked.from);
      // The list began anew meanwhile.
      if (this.#rest !== asked) continue;
      for (const profile of profiles) if (!this.#told.has(profile.id)) this.#known.set(profile.id, profile);
      // Each page leads on, or a helper could keep us for ever.
      const leadsOn = next !== undefined && (asked.from === undefined || next > asked.from);
      this.#rest = leadsOn ? { from: next } : undefined;
    }
    return this.#show();
  }

  #show(): boolean {
    const now = [...this.#known.values()].toSorted((one, other) => (one.id < other.id ? -1 : 1));
    if (JSON.stringify(now) === JSON.stringify(this.profiles)) return false;
    this.profiles = now;
    return true;
  }
}
