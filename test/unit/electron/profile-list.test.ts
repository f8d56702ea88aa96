/** Pages and changes of the list of profiles, in whatever order they come. */
import { describe, expect, it } from 'vitest';
import { ProfileList } from '#electron/profile-list.ts';
import { summary } from '#test/fakes/statuses.ts';

const idsOf = ({ profiles }: ProfileList) => profiles.map(({ id }) => id);

describe('the list', () => {
  it('is shown when it is whole', async () => {
    const list = new ProfileList();
    expect(list.hear({ all: [summary('a')], next: 'a' })).toBe(false);
    expect(idsOf(list)).toEqual([]);
    const asked: (string | undefined)[] = [];
    const changed = await list.whole(async (after) => {
      asked.push(after);
      return after === 'a' ? { profiles: [summary('b')], next: 'b' } : { profiles: [summary('c')] };
    });
    expect(changed).toBe(true);
    expect(asked).toEqual(['a', 'b']);
    expect(idsOf(list)).toEqual(['a', 'b', 'c']);
  });

  it('takes a change that overtook its page', async () => {
    const list = new ProfileList();
    list.hear({ all: [], next: 'a' });
    await list.whole(async () => {
      list.hear({ changed: [summary('b', { name: 'newer' })], removed: ['c'] });
      return { profiles: [summary('b'), summary('c'), summary('d')] };
    });
    expect(list.profiles.map(({ name }) => name)).toEqual(['newer', 'd']);
  });

  it('drops a page of a list that began anew meanwhile', async () => {
    const list = new ProfileList();
    list.hear({ all: [], next: 'a' });
    await list.whole(async () => {
      list.hear({ all: [summary('z')], next: undefined });
      return { profiles: [summary('old')] };
    });
    expect(idsOf(list)).toEqual(['z']);
  });

  it('ends where pages lead nowhere', async () => {
    const list = new ProfileList();
    list.hear({ all: undefined, next: undefined });
    let pages = 0;
    await list.whole(async () => {
      pages++;
      return { profiles: [summary('a')], next: 'a' };
    });
    expect(pages).toBe(2);
  });

  it('is not another one where nothing changed', () => {
    const list = new ProfileList();
    expect(list.hear({ all: [summary('a')], next: undefined })).toBe(true);
    const before = list.profiles;
    expect(list.hear({ changed: [summary('a')], removed: [] })).toBe(false);
    expect(list.profiles).toBe(before);
  });
});
