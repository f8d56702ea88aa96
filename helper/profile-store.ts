/**
 * The profiles and their secrets: <state-dir>/profiles/<id>.json, one file each, root's alone. What lies on disk is
 * a record of known shape; a file that is not is reported and left as it is, and the others stay usable.
 * Each user sees their own profiles and those for all; an administrator sees every one.
 */
import { constants, closeSync, fstatSync, openSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { profileId } from '#core/ipc/contract.ts';
import { checkProfile } from '#core/profile/check.ts';
import { profileSchema, type SecretName, secretsSchema } from '#core/profile/profile.ts';
import type { Logger } from './log/log.ts';
import { messageOf } from './log/log.ts';
import type { Secret } from './secret.ts';
import { privateDirectory } from './startup/directories.ts';
import {
  allSecrets,
  secretsFrom,
  slugOf,
  type StoredProfile,
  type Viewer,
  visible,
} from './stored-profile.ts';
import { removeTemporaries, removeWhole, writeWhole } from './whole-file.ts';
import type { FileCalls } from './whole-file.ts';

/** A profile before and after; absent where it is new, or gone. */
interface StoreChange {
  readonly before?: StoredProfile;
  readonly after?: StoredProfile;
}

/** The store cannot do what was asked; the message is for the user. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}

const recordSchema = z.strictObject({
  record: z.literal(1),
  owner: z.int().nonnegative(),
  forAll: z.boolean(),
  profile: profileSchema,
  secrets: secretsSchema,
});

/** One user must not fill the disk. */
const MOST_PROFILES_OF_ONE_OWNER = 256;
const LARGEST_RECORD = 1 << 20;
const SUFFIX = '.json';

export class ProfileStore {
  readonly #directory: string;
  readonly #calls: FileCalls | undefined;
  readonly #log: Logger;
  readonly #profiles = new Map<string, StoredProfile>();
  /** Ids whose files cannot be read: taken, but unusable. */
  readonly #damaged = new Set<string>();
  readonly #listeners = new Set<(change: StoreChange) => void>();

  /** Reads everything in `directory`, which is made where it is missing. Throws only where that cannot be used at all. */
  constructor(directory: string, log: Logger, calls?: FileCalls) {
    this.#directory = directory;
    this.#calls = calls;
    this.#log = log;
    privateDirectory(directory);
    removeTemporaries(directory);
    for (const name of readdirSync(directory)) this.#load(name);
  }

  list(viewer: Viewer): StoredProfile[] {
    return [...this.#profiles.values()]
      .filter((stored) => visible(stored, viewer))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** `undefined` alike for what does not exist and for what is not the viewer's. */
  get(id: string, viewer: Viewer): StoredProfile | undefined {
    const stored = this.#profiles.get(id);
    return stored && visible(stored, viewer) ? stored : undefined;
  }

  /** Stores a new profile under an id made from its name. Throws StoreError. */
  add(entry: Omit<StoredProfile, 'id'>): StoredProfile {
    const owned = [...this.#profiles.values()].filter((stored) => stored.owner === entry.owner);
    if (owned.length >= MOST_PROFILES_OF_ONE_OWNER) {
      throw new StoreError(
        `uid ${entry.owner} has ${owned.length} profiles already, the most that are kept; remove one first`,
      );
    }
    const stored = { ...entry, id: this.#freeId(entry.profile.name) };
    this.#write(stored);
    return stored;
  }

  /**
   * Puts something else in the place of a profile that exists; its owner stays. Throws StoreError, also where the profile is
   * not `from` any more: what was worked out from that would undo another change.
   */
  replace(
    id: string,
    change: Pick<StoredProfile, 'profile' | 'psk' | 'otherSecrets'>,
    from?: StoredProfile,
  ): void {
    const stored = this.#profiles.get(id);
    if (!stored) throw new StoreError(`there is no profile "${id}"`);
    if (from !== undefined && from !== stored)
      throw new StoreError(`"${id}" was changed by somebody else meanwhile; try again`);
    this.#write({ ...stored, ...change });
  }

  /** A new password where one is stored; without effect elsewhere. Throws StoreError. */
  renewPassword(id: string, password: Secret): void {
    const stored = this.#profiles.get(id);
    if (stored?.otherSecrets?.password === undefined) return;
    this.#write({ ...stored, otherSecrets: { ...stored.otherSecrets, password } });
  }

  /** Without effect where it is not stored. A tunnel that runs keeps its copy. Throws StoreError. */
  forgetSecret(id: string, name: SecretName): void {
    const stored = this.#profiles.get(id);
    if (!stored) throw new StoreError(`there is no profile "${id}"`);
    const { [name]: _, ...kept } = allSecrets(stored);
    const { psk, ...otherSecrets } = kept as Partial<Record<SecretName, Secret>>;
    this.#write({ ...stored, psk, otherSecrets });
  }

  /** Throws StoreError. */
  remove(id: string): void {
    const stored = this.#profiles.get(id);
    if (!stored) throw new StoreError(`there is no profile "${id}"`);
    try {
      removeWhole(this.#path(id), this.#calls);
    } catch (error) {
      throw new StoreError(`the profile "${id}" cannot be removed: ${messageOf(error)}`);
    }
    for (const secret of Object.values(allSecrets(stored))) secret.wipe();
    this.#profiles.delete(id);
    this.#tell({ before: stored });
  }

  /** Calls after each change until the returned function is called. */
  subscribe(listener: (change: StoreChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(change: StoreChange): void {
    for (const listener of this.#listeners) listener(change);
  }

  #path(id: string): string {
    return join(this.#directory, profileId.parse(id) + SUFFIX);
  }

  #load(name: string): void {
    const id = profileId.safeParse(name.slice(0, -SUFFIX.length)).data;
    if (!name.endsWith(SUFFIX) || id === undefined) {
      this.#log.warn(`${join(this.#directory, name)} is not a profile's file and is left alone`);
      return;
    }
    try {
      const { profile, secrets, owner, forAll } = recordSchema.parse(JSON.parse(readPrivate(this.#path(id))));
      const [problem] = checkProfile(profile);
      if (problem !== undefined) throw new StoreError(problem);
      this.#profiles.set(id, { id, profile, ...secretsFrom(secrets), owner, forAll });
    } catch (error) {
      this.#damaged.add(id);
      this.#log
        .forProfile(id)
        .error(
          `the profile file ${this.#path(id)} is damaged and is left as it is: ${describe(error)}. ` +
            'Repair it or move it away, then restart aditd; the other profiles are not affected.',
        );
    }
  }

  #write(stored: StoredProfile): void {
    const { id, profile, owner, forAll } = stored;
    const record: z.input<typeof recordSchema> = {
      record: 1,
      owner,
      forAll,
      profile,
      secrets: Object.fromEntries(
        Object.entries(allSecrets(stored)).map(([name, secret]) => [
          name,
          Buffer.from(secret.reveal()).toString('base64'),
        ]),
      ),
    };
    try {
      writeWhole(this.#path(id), `${JSON.stringify(record, null, 2)}\n`, this.#calls);
    } catch (error) {
      throw new StoreError(cannotWrite(this.#path(id), error));
    }
    const before = this.#profiles.get(id);
    this.#profiles.set(id, stored);
    this.#tell({ ...(before === undefined ? {} : { before }), after: stored });
  }

  #freeId(name: string): string {
    const slug = slugOf(name);
    for (let number = 1; ; number++) {
      const id = number === 1 ? slug : `${slug}-${number}`;
      if (!this.#profiles.has(id) && !this.#damaged.has(id)) return id;
    }
  }
}

/** Content of a file that only its owner, the helper, could have written or read. */
function readPrivate(path: string): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { uid, mode, size } = fstatSync(file, { bigint: false });
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw new StoreError('it is not a regular file');
    if (uid !== process.geteuid?.()) throw new StoreError(`it belongs to uid ${uid}`);
    if ((mode & 0o077) !== 0) throw new StoreError('others than its owner may read or write it (chmod 600)');
    if (size > LARGEST_RECORD) throw new StoreError(`it has ${size} octets, more than any profile`);
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

/** What is wrong with a file, without its content: the parser's message could quote a secret. */
function describe(error: unknown): string {
  if (error instanceof z.ZodError) {
    const [issue] = error.issues;
    return issue ? `${issue.path.join('.') || 'the record'}: ${issue.message}` : 'not a record';
  }
  if (error instanceof SyntaxError) return 'it is not JSON';
  return messageOf(error);
}

function cannotWrite(path: string, error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return `${path} cannot be written: the disk is full. What was stored before is intact; free some space and try again`;
  }
  return `${path} cannot be written: ${messageOf(error)}. What was stored before is intact`;
}
