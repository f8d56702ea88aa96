/**
 * access.json, by which an administrator permits users beside the group `adit`: `{ "uids": [1000], "anyUser": false }`. Each part
 * counts by itself, and what is wrong with the others is said, in the log at the start and by `adit doctor`. Called by
 * permissions.ts and main.ts.
 */
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { z } from 'zod';
import { printable } from '#core/text/printable.ts';
import type { Logger } from '../log/log.ts';
import { messageOf } from '../log/log.ts';

export interface Access {
  /** Every local user may operate: for a machine with one person on it. */
  readonly anyUser: boolean;
  readonly uids: readonly number[];
  readonly faults: readonly Fault[];
}

/** Something that permits nobody, though somebody wrote it. Bounded, as text and in number. */
export interface Fault {
  readonly found: string;
  readonly remedy: string;
}

/** What no honest file reaches. */
const MOST_OCTETS = 65_536;
const MOST_UIDS = 1024;
/** More are only counted. */
const MOST_FAULTS = 8;

const KEYS = ['uids', 'anyUser'] as const;
const EXAMPLE = '{ "uids": [1000], "anyUser": false }';
/** The highest number is no user: chown(2) has it for "as it is". */
const uidSchema = z.int().min(0).max(0xfffffffe);

/** `read` as AccessFiles.access. A file that cannot be understood at all permits nobody. */
export function readAccess(read: () => string | undefined): Access {
  const faults: Fault[] = [];
  const wrong = (found: string, remedy: string): void => {
    faults.push({ found, remedy });
  };
  const content = contentOf(read, wrong);
  const isClear = noteUnknown(content, wrong);
  const access = { uids: uidsOf(content['uids'], wrong), anyUser: anyUserOf(content['anyUser'], wrong) };
  // An unknown key may be meant to except somebody.
  if (access.anyUser && !isClear) {
    wrong('anyUser: true does not count beside an unknown key', 'remove that key');
  }
  return { ...access, anyUser: access.anyUser && isClear, faults: bounded(faults) };
}

type Wrong = (found: string, remedy: string) => void;
type Content = Readonly<Record<string, unknown>>;

function contentOf(read: () => string | undefined, wrong: Wrong): Content {
  try {
    const text = read();
    if (text === undefined) return {};
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
    wrong(`it is ${shown(value)}`, `expected an object such as ${EXAMPLE}`);
  } catch (error) {
    const isJson = error instanceof SyntaxError;
    const what = printable(messageOf(error), 160);
    wrong(
      isJson ? `it is no JSON: ${what}` : `it cannot be read: ${what}`,
      `expected a file that holds ${EXAMPLE}`,
    );
  }
  return {};
}

/** `false` where there is one. */
function noteUnknown(content: Content, wrong: Wrong): boolean {
  const known: readonly string[] = KEYS;
  const unknown = Object.keys(content).filter((key) => !known.includes(key));
  for (const key of unknown) {
    wrong(
      `${printable(key, 64)}: the key is unknown; its value is ${shown(content[key])}`,
      `the keys are ${KEYS.join(' and ')}; groups and names of users cannot be given`,
    );
  }
  return unknown.length === 0;
}

function anyUserOf(value: unknown, wrong: Wrong): boolean {
  if (value === undefined || typeof value === 'boolean') return value ?? false;
  wrong(`anyUser: ${shown(value)} is neither true nor false`, 'write true or false, without quotes');
  return false;
}

function uidsOf(value: unknown, wrong: Wrong): readonly number[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) {
    wrong(`uids: ${shown(value)} is no list`, 'write a list of user ids, such as [1000]');
    return [];
  }
  const items: readonly unknown[] = value;
  if (items.length > MOST_UIDS) {
    wrong(
      `uids: only the first ${MOST_UIDS} of ${items.length} count`,
      'permit more users by the group adit',
    );
  }
  return items.slice(0, MOST_UIDS).flatMap((item, at) => {
    const uid = uidSchema.safeParse(item);
    if (uid.success) return uid.data;
    wrong(`uids[${at}]: ${shown(item)} is no user id`, remedyFor(item));
    return [];
  });
}

function remedyFor(item: unknown): string {
  if (typeof item === 'string' && /^\d{1,10}$/.test(item)) return `write it without quotes: ${item}`;
  const name = typeof item === 'string' && /^[A-Za-z_][\w-]{0,31}$/.test(item) ? item : 'NAME';
  return `write the number that "id -u ${name}" prints`;
}

/** A list or an object may be as deep as the file is long. */
function shown(value: unknown): string {
  if (typeof value === 'string') return printable(JSON.stringify(value.slice(0, 64)), 64);
  if (typeof value !== 'object' || value === null) return String(value);
  return Array.isArray(value) ? 'a list' : 'an object';
}

function bounded(faults: readonly Fault[]): readonly Fault[] {
  if (faults.length <= MOST_FAULTS) return faults;
  const more = { found: `${faults.length - MOST_FAULTS} more faults`, remedy: 'correct the first ones' };
  return [...faults.slice(0, MOST_FAULTS), more];
}

/** Users of whom passwd(5) knows nothing, as text; a directory service may know them all the same. Bounded as faults are. */
export function strangers({ uids }: Access, passwd: string): readonly string[] {
  const known = new Set(passwd.split('\n').map((line) => line.split(':')[2]));
  return uids
    .filter((uid) => !known.has(String(uid)))
    .slice(0, MOST_FAULTS)
    .map(String);
}

/** At the start: what permits nobody, and what perhaps does not. */
export function tellAccess(access: Access, passwd: string, path: string, log: Logger): void {
  for (const { found, remedy } of access.faults) log.warn(`${path}: ${found}; ${remedy}`);
  for (const uid of strangers(access, passwd)) {
    log.warn(
      `${path}: uids: ${uid} is no user of /etc/passwd; unless "getent passwd ${uid}" finds one elsewhere, it permits nobody: correct it`,
    );
  }
}

/** Its text; undefined where there is none. Throws where it cannot be read, or is too long. Never waits: it may be a pipe. */
export function accessText(path: string): string | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const octets = Buffer.alloc(MOST_OCTETS + 1);
    let length = 0;
    while (length < octets.length) {
      const read = readSync(file, octets, length, octets.length - length, null);
      if (read === 0) return octets.toString('utf8', 0, length);
      length += read;
    }
    throw new Error(`it is longer than ${MOST_OCTETS} octets`);
  } finally {
    closeSync(file);
  }
}
