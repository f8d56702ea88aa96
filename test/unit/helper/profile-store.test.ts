/** The store of profiles on a real file system: restarts, damaged files, full disks, kills. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fromUtf8, utf8 } from '#core/bytes/bytes.ts';
import type { Log } from '#helper/log/log.ts';
import { ProfileStore, StoreError } from '#helper/profile-store.ts';
import { slugOf, summaryOf } from '#helper/stored-profile.ts';
import type { StoredProfile, Viewer } from '#helper/stored-profile.ts';
import { Secret } from '#helper/secret.ts';
import { CANARY, entryNamed, profileNamed } from '#test/fakes/profiles.ts';
import { failingAt, killedAt } from '#test/fakes/failing-files.ts';
import { quietLog, temporaryDirectory } from '#test/fakes/temporary.ts';

const ROOT: Viewer = { uid: 0, admin: true };
const ALICE: Viewer = { uid: 1000, admin: false };
const BOB: Viewer = { uid: 1001, admin: false };

function open(
  directory: string,
  log: Log = quietLog(),
  calls = fs as ConstructorParameters<typeof ProfileStore>[2],
) {
  return new ProfileStore(directory, log.logger('store'), calls);
}

function newStore(): { directory: string; store: ProfileStore } {
  const directory = join(temporaryDirectory(), 'profiles');
  return { directory, store: open(directory) };
}

const textOf = (stored: StoredProfile | undefined): string | undefined =>
  stored?.psk && fromUtf8(stored.psk.reveal());

/** Another pre-shared key in the place of the stored one. */
const keyed = (store: ProfileStore, id: string, psk: string): void => {
  const { profile = profileNamed('Work') } = store.get(id, ROOT) ?? {};
  store.replace(id, { profile, psk: new Secret(utf8(psk)) });
};

describe('the profile store', () => {
  it('keeps a profile with its secret over a restart', () => {
    const { directory, store } = newStore();
    const added = store.add(entryNamed('Work'));
    expect(added.id).toBe('work');
    const again = open(directory).get('work', ALICE);
    expect(again).toMatchObject({ id: 'work', owner: 1000, forAll: false, profile: profileNamed('Work') });
    expect(textOf(again)).toBe(CANARY);
  });

  it('keeps its files for root alone', () => {
    const { directory, store } = newStore();
    store.add(entryNamed('Work'));
    expect(fs.statSync(directory).mode & 0o777).toBe(0o700);
    expect(fs.statSync(join(directory, 'work.json')).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['Work', 'work'],
    ['Büro (Wien)', 'buro-wien'],
    ['../../etc/passwd', 'etc-passwd'],
    ['.', 'profile'],
    ['日本', 'profile'],
    ['--json', 'json'],
    ['x'.repeat(128), 'x'.repeat(48)],
    ['a'.repeat(47) + ' b', 'a'.repeat(47)],
  ])('makes an id from the name %s', (name, id) => {
    expect(slugOf(name)).toBe(id);
  });

  it('gives profiles of one name different ids', () => {
    const { store } = newStore();
    expect(['Work', 'work', 'WORK!'].map((name) => store.add(entryNamed(name)).id)).toEqual([
      'work',
      'work-2',
      'work-3',
    ]);
  });

  it('shows each user their own and those for all, and an administrator everything', () => {
    const { store } = newStore();
    store.add(entryNamed('Alice'));
    store.add(entryNamed('Bob', { owner: 1001 }));
    store.add(entryNamed('Company', { owner: 0, forAll: true }));
    const seen = (viewer: Viewer) => store.list(viewer).map(({ id }) => id);
    expect(seen(ALICE)).toEqual(['alice', 'company']);
    expect(seen(BOB)).toEqual(['bob', 'company']);
    expect(seen(ROOT)).toEqual(['alice', 'bob', 'company']);
    expect(store.get('bob', ALICE)).toBeUndefined();
    expect(store.get('nobody', ALICE)).toBeUndefined();
  });

  it('replaces a secret and names it without showing it', () => {
    const { directory, store } = newStore();
    store.add(entryNamed('Work', { psk: undefined }));
    expect(summaryOf(store.get('work', ALICE)!)).toMatchObject({
      storedSecrets: [],
      missingSecrets: ['psk'],
    });
    keyed(store, 'work', 'new');
    expect(textOf(open(directory).get('work', ALICE))).toBe('new');
    const summary = summaryOf(store.get('work', ALICE)!);
    expect(summary).toMatchObject({ storedSecrets: ['psk'], missingSecrets: [] });
    expect(JSON.stringify(summary)).not.toContain('new');
  });

  it('removes a profile and its file', () => {
    const { directory, store } = newStore();
    store.add(entryNamed('Work'));
    store.remove('work');
    expect(fs.readdirSync(directory)).toEqual([]);
    expect(store.list(ROOT)).toEqual([]);
    expect(() => store.remove('work')).toThrow(StoreError);
  });

  it('keeps at most 256 profiles of one owner', () => {
    const { store } = newStore();
    for (let number = 0; number < 256; number++) store.add(entryNamed(`p${number}`));
    expect(() => store.add(entryNamed('one more'))).toThrow(/uid 1000 has 256 profiles already/);
    expect(store.add(entryNamed('of another', { owner: 1001 })).id).toBe('of-another');
  });

  it('writes no path that an id could lead to', () => {
    const { store } = newStore();
    expect(() => store.remove('../../etc/passwd')).toThrow(StoreError);
    expect(() => keyed(store, '../x', CANARY)).toThrow(StoreError);
  });
});

it('puts nothing in the place of a profile that was changed meanwhile', () => {
  const { store } = newStore();
  const before = store.add(entryNamed('Work'));
  store.replace(before.id, { ...before, profile: profileNamed('First') }, before);
  expect(() => store.replace(before.id, { ...before, profile: profileNamed('Second') }, before)).toThrow(
    /changed by somebody else/,
  );
  expect(store.get(before.id, { uid: before.owner, admin: false })?.profile.name).toBe('First');
});

describe('a damaged file in the profile store', () => {
  const good = JSON.stringify({
    record: 1,
    owner: 1000,
    forAll: false,
    profile: profileNamed('Work'),
    secrets: { psk: Buffer.from(CANARY).toString('base64') },
  });

  it.each([
    ['cut off', good.slice(0, 200), 'it is not JSON'],
    ['empty', '', 'it is not JSON'],
    ['with an unknown setting', good.replace('"record"', '"up":"/bin/sh","record"'), 'Unrecognized key'],
    ['of another version', good.replace('"record":1', '"record":2'), 'record'],
    ['with a wrong type', good.replace('"owner":1000', '"owner":"root"'), 'owner'],
    ['with a text that means nothing', good.replace('"gw.example"', '"what:ever"'), 'gateway.id'],
    ['with a secret that is not base64', good.replace(/"psk":"[^"]*"/, '"psk":"!canary!"'), 'secrets.psk'],
  ])('(%s) is reported, left alone, and harms no other', (_, content, reason) => {
    const { directory, store } = newStore();
    store.add(entryNamed('Other'));
    const path = join(directory, 'work.json');
    fs.writeFileSync(path, content, { mode: 0o600 });
    const log = quietLog();
    const again = open(directory, log);
    expect(again.list(ROOT).map(({ id }) => id)).toEqual(['other']);
    expect(fs.readFileSync(path, 'utf8')).toBe(content);
    const [line] = log.recent();
    expect(line?.level).toBe('error');
    expect(line?.message).toContain(path);
    expect(line?.message).toContain(reason);
    expect(line?.message).not.toContain('canary');
    // Its id is taken: a new profile of that name must not overwrite what may still be repaired.
    expect(again.add(entryNamed('Work')).id).toBe('work-2');
  });

  it.each([
    ['a link', (path: string) => fs.symlinkSync('/etc/passwd', path)],
    ['a directory', (path: string) => fs.mkdirSync(path)],
    ['readable by others', (path: string) => fs.writeFileSync(path, good, { mode: 0o644 })],
  ])('is not read when it is %s', (_, make) => {
    const directory = temporaryDirectory();
    make(join(directory, 'work.json'));
    const log = quietLog();
    expect(open(directory, log).list(ROOT)).toEqual([]);
    expect(log.recent()).toHaveLength(1);
  });

  it('is not a stray file of another kind', () => {
    const directory = temporaryDirectory();
    fs.writeFileSync(join(directory, 'NOTES.txt'), 'mine');
    const log = quietLog();
    open(directory, log);
    expect(log.recent()[0]?.message).toContain('is left alone');
    expect(fs.readdirSync(directory)).toEqual(['NOTES.txt']);
  });
});

describe('the profile store on a bad day', () => {
  it('names a full disk, keeps what was stored, and works again when there is room', () => {
    const { directory, store } = newStore();
    store.add(entryNamed('Work'));
    for (let step = 0; step < 5; step++) {
      const full = open(directory, quietLog(), failingAt(step, 'ENOSPC').calls);
      const change = () => keyed(full, 'work', 'new');
      expect(change).toThrow(/work\.json cannot be written: the disk is full.*intact.*free some space/);
      expect(textOf(full.get('work', ALICE))).toBe(CANARY);
      expect(textOf(open(directory).get('work', ALICE))).toBe(CANARY);
    }
    keyed(open(directory), 'work', 'new');
    expect(textOf(open(directory).get('work', ALICE))).toBe('new');
  });

  it('holds every profile whole after a kill at any step', () => {
    const seen = new Set<string | undefined>();
    for (let step = 0; step < 9; step++) {
      const { directory, store } = newStore();
      store.add(entryNamed('Work'));
      try {
        keyed(open(directory, quietLog(), killedAt(step)), 'work', 'new');
      } catch {
        // killed
      }
      const log = quietLog();
      seen.add(textOf(open(directory, log).get('work', ALICE)));
      expect(log.recent()).toEqual([]);
      expect(fs.readdirSync(directory)).toEqual(['work.json']);
    }
    expect(seen).toEqual(new Set([CANARY, 'new']));
  });

  it('has a new profile or has it not after a kill at any step', () => {
    const seen = new Set<number>();
    for (let step = 0; step < 9; step++) {
      const { directory } = newStore();
      try {
        open(directory, quietLog(), killedAt(step)).add(entryNamed('Work'));
      } catch {
        // killed
      }
      seen.add(open(directory).list(ROOT).length);
    }
    expect(seen).toEqual(new Set([0, 1]));
  });

  it('refuses a directory that others may enter', () => {
    const directory = temporaryDirectory();
    fs.chmodSync(directory, 0o755);
    expect(() => open(directory)).toThrow(/its mode 755 lets others in; chmod 700/);
  });
});
