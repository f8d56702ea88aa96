/**
 * Who may do what, by the user id that the kernel reports for the other end of the socket:
 *
 *     root                                                            admin
 *     members of the group `adit`, and whom <state-dir>/access.json names    operate (and read)
 *     everybody else                                                  refused before a byte is read
 *
 * The files are read at each connection, so that a new member of the group need not wait for a restart.
 */
import { readFileSync } from 'node:fs';
import type { Permission } from '#core/ipc/contract.ts';
import { accessText, readAccess } from './access-file.ts';

const GROUP = 'adit';

export interface Credentials {
  readonly uid: number;
  readonly gid: number;
}

/** The files that decide, as their text; `undefined` where one does not exist. */
export interface AccessFiles {
  readonly group: () => string | undefined;
  readonly passwd: () => string | undefined;
  /** Throws where there is one that cannot be read. */
  readonly access: () => string | undefined;
}

export type Grant = { readonly permission: Permission } | { readonly refused: string };

const RANK: Readonly<Record<Permission, number>> = { read: 0, operate: 1, admin: 2 };

/** Whether somebody with `held` may make a call that needs `needed`. */
export function allows(held: Permission, needed: Permission): boolean {
  return RANK[held] >= RANK[needed];
}

export function grant({ uid, gid }: Credentials, files: AccessFiles): Grant {
  if (uid === 0) return { permission: 'admin' };
  const adit = groupEntry(files.group() ?? '');
  if (adit && (gid === adit.gid || isMember(uid, adit, files.passwd() ?? ''))) {
    return { permission: 'operate' };
  }
  const access = readAccess(files.access);
  if (access.anyUser || access.uids.includes(uid)) return { permission: 'operate' };
  return {
    refused:
      `uid ${uid} may not use this helper: as root, add the user to the group "${GROUP}" ` +
      `(groupadd -f ${GROUP} && usermod -aG ${GROUP} USER), or use sudo`,
  };
}

export function systemAccessFiles(accessPath: string): AccessFiles {
  return {
    group: () => textOf('/etc/group'),
    passwd: () => textOf('/etc/passwd'),
    access: () => accessText(accessPath),
  };
}

interface Group {
  readonly gid: number;
  readonly members: readonly string[];
}

/** group(5): `name:password:gid:member,member`. */
function groupEntry(text: string): Group | undefined {
  for (const line of text.split('\n')) {
    const [name, , gid, members] = line.split(':');
    if (name === GROUP && gid !== undefined && /^\d+$/.test(gid)) {
      return { gid: Number(gid), members: (members ?? '').split(',').filter((member) => member !== '') };
    }
  }
  return undefined;
}

/** passwd(5): `name:password:uid:gid:…`; a user is in the group by name, or by primary group. */
function isMember(uid: number, adit: Group, passwd: string): boolean {
  return passwd.split('\n').some((line) => {
    const [name, , id, primary] = line.split(':');
    if (name === undefined || id !== String(uid)) return false;
    return adit.members.includes(name) || primary === String(adit.gid);
  });
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
