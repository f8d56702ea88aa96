/** Who may use the helper: root, the group adit, access.json. */
import { describe, expect, it } from 'vitest';
import { allows, grant } from '#helper/ipc/permissions.ts';
import type { AccessFiles } from '#helper/ipc/permissions.ts';

const GROUP = 'root:x:0:\nsudo:x:27:carol\nadit:x:990:alice,bob\n';
const PASSWD = [
  'root:x:0:0:root:/root:/bin/bash',
  'alice:x:1000:1000::/home/alice:/bin/bash',
  'bob:x:1001:1001::/home/bob:/bin/bash',
  'carol:x:1002:1002::/home/carol:/bin/bash',
  'dave:x:1003:990::/home/dave:/bin/bash',
  '',
].join('\n');

function files(change: Partial<Record<keyof AccessFiles, string>> = {}): AccessFiles {
  return {
    group: () => change.group ?? GROUP,
    passwd: () => change.passwd ?? PASSWD,
    access: () => change.access,
  };
}

describe('who may use the helper', () => {
  it.each([
    ['root', 0, 0, {}, 'admin'],
    ['a member of the group', 1000, 1000, {}, 'operate'],
    ['the second member', 1001, 1001, {}, 'operate'],
    ['a user whose primary group it is', 1003, 990, {}, 'operate'],
    ['the same, by passwd alone', 1003, 1, {}, 'operate'],
    ['a process running with the group', 5000, 990, {}, 'operate'],
    ['a member of another group', 1002, 1002, {}, undefined],
    ['a stranger', 4711, 4711, {}, undefined],
    ['nobody', 65534, 65534, {}, undefined],
    ['anybody where the group does not exist', 1000, 1000, { group: 'root:x:0:\n' }, undefined],
    ['a line of the group that is broken', 1000, 1000, { group: 'adit:x:nine:alice\n' }, undefined],
    ['a group whose name only begins so', 1000, 1000, { group: 'adit2:x:990:alice\n' }, undefined],
    ['whom access.json names', 1002, 1002, { access: '{"uids":[1002]}' }, 'operate'],
    ['whom it does not name', 1002, 1002, { access: '{"uids":[1004]}' }, undefined],
    ['any user where it says so', 4711, 4711, { access: '{"anyUser":true}' }, 'operate'],
    ['anybody where it is no JSON', 4711, 4711, { access: '{"anyUser":true' }, undefined],
    ['anybody where it has an unknown key', 4711, 4711, { access: '{"anyUser":true,"x":1}' }, undefined],
    ['whom it names beside an unknown key', 1002, 1002, { access: '{"uids":[1002],"x":1}' }, 'operate'],
    ['whom it names beside what is no user id', 1002, 1002, { access: '{"uids":["bob",1002]}' }, 'operate'],
    ['whom it names as text', 1002, 1002, { access: '{"uids":["1002"]}' }, undefined],
    ['any user by a text', 4711, 4711, { access: '{"anyUser":"true"}' }, undefined],
  ] as const)('%s', (_, uid, gid, change, permission) => {
    const granted = grant({ uid, gid }, files(change));
    expect('permission' in granted ? granted.permission : undefined).toBe(permission);
  });

  it('tells who is refused what to do', () => {
    const granted = grant({ uid: 1002, gid: 1002 }, files());
    expect('refused' in granted && granted.refused).toMatch(/uid 1002 .* usermod -aG adit/);
  });

  it.each([
    ['read', 'read', true],
    ['read', 'operate', false],
    ['operate', 'read', true],
    ['operate', 'admin', false],
    ['admin', 'operate', true],
  ] as const)('%s allows what needs %s: %s', (held, needed, expected) => {
    expect(allows(held, needed)).toBe(expected);
  });
});
