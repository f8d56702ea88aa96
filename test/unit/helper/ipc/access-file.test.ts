/** access.json: what of it counts, and what is said of the rest. Who is let in by it: permissions.test.ts. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '#helper/clock-fake.ts';
import { accessText, readAccess, tellAccess } from '#helper/ipc/access-file.ts';
import { Log } from '#helper/log/log.ts';
import { temporaryDirectory } from '#test/fakes/temporary.ts';

const PATH = '/var/lib/adit/access.json';
const PASSWD = 'root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n';

/** What the log says at the start. */
function told(content: string): string[] {
  const log = new Log(new FakeClock(), []);
  tellAccess(
    readAccess(() => content),
    PASSWD,
    PATH,
    log.logger('main'),
  );
  return log.recent().map(({ level, message }) => `${level} ${message}`);
}

const counts = (content: string) => {
  const { anyUser, uids } = readAccess(() => content);
  return { anyUser, uids };
};

describe('access.json', () => {
  it.each(['{}', '{"uids":[]}', '{"uids":[1000],"anyUser":false}', '{"anyUser":true}', '{"uids":[0,1000]}'])(
    '%s: nothing is said of it',
    (content) => {
      expect(told(content)).toEqual([]);
    },
  );

  it.each([
    [
      'a key of another spelling',
      '{"uids":[1000],"anyuser":true}',
      [
        'warn PATH: anyuser: the key is unknown; its value is true; the keys are uids and anyUser; groups and names of users cannot be given',
      ],
      { anyUser: false, uids: [1000] },
    ],
    [
      'groups, which it has not',
      '{"groups":["wheel"]}',
      [
        'warn PATH: groups: the key is unknown; its value is a list; the keys are uids and anyUser; groups and names of users cannot be given',
      ],
      { anyUser: false, uids: [] },
    ],
    [
      'a key that may be meant to except somebody',
      '{"anyUser":true,"not":1001}',
      [
        'warn PATH: not: the key is unknown; its value is 1001; the keys are uids and anyUser; groups and names of users cannot be given',
        'warn PATH: anyUser: true does not count beside an unknown key; remove that key',
      ],
      { anyUser: false, uids: [] },
    ],
    [
      'the name of a user',
      '{"uids":["alice",1000]}',
      ['warn PATH: uids[0]: "alice" is no user id; write the number that "id -u alice" prints'],
      { anyUser: false, uids: [1000] },
    ],
    [
      'a number in quotes, and others that are none',
      '{"uids":["1000",-1,1.5,4294967295,null,{}]}',
      [
        'warn PATH: uids[0]: "1000" is no user id; write it without quotes: 1000',
        'warn PATH: uids[1]: -1 is no user id; write the number that "id -u NAME" prints',
        'warn PATH: uids[2]: 1.5 is no user id; write the number that "id -u NAME" prints',
        'warn PATH: uids[3]: 4294967295 is no user id; write the number that "id -u NAME" prints',
        'warn PATH: uids[4]: null is no user id; write the number that "id -u NAME" prints',
        'warn PATH: uids[5]: an object is no user id; write the number that "id -u NAME" prints',
      ],
      { anyUser: false, uids: [] },
    ],
    [
      'a user id without a list',
      '{"uids":1000,"anyUser":true}',
      ['warn PATH: uids: 1000 is no list; write a list of user ids, such as [1000]'],
      { anyUser: true, uids: [] },
    ],
    [
      'a text for a switch',
      '{"anyUser":"yes","uids":[1000]}',
      ['warn PATH: anyUser: "yes" is neither true nor false; write true or false, without quotes'],
      { anyUser: false, uids: [1000] },
    ],
    [
      'a list alone',
      '[1000]',
      ['warn PATH: it is a list; expected an object such as { "uids": [1000], "anyUser": false }'],
      { anyUser: false, uids: [] },
    ],
    [
      'a user whom nobody knows, who may be in a directory',
      '{"uids":[1000,10000]}',
      [
        'warn PATH: uids: 10000 is no user of /etc/passwd; unless "getent passwd 10000" finds one elsewhere, it permits nobody: correct it',
      ],
      { anyUser: false, uids: [1000, 10000] },
    ],
  ])('%s', (_name, content, says, permits) => {
    expect(told(content)).toEqual(says.map((line) => line.replace('PATH', PATH)));
    expect(counts(content)).toEqual(permits);
  });

  it('that is no JSON permits nobody, and the log says so', () => {
    expect(told('{"uids":[1000],}')).toEqual([
      expect.stringMatching(
        /^warn \/var\/lib\/adit\/access\.json: it is no JSON: .*; expected a file that holds \{/,
      ),
    ]);
    expect(counts('{"uids":[1000],}')).toEqual({ anyUser: false, uids: [] });
  });

  it('says little, however much is wrong with it', () => {
    const long = 'x'.repeat(5000);
    const wrong: readonly unknown[] = [
      { uids: Array.from({ length: 5000 }, () => `\u001b[2J${long.slice(0, 4)}`) },
      Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`${long}${at}`, long])),
      { uids: Array.from({ length: 1024 }, (_, at) => 50_000 + at) },
      long,
    ];
    const deep = `{"uids":[${'['.repeat(30_000)}${']'.repeat(30_000)}],"x":${'['.repeat(30_000)}${']'.repeat(30_000)}}`;
    for (const content of [...wrong.map((value) => JSON.stringify(value)), deep]) {
      const lines = told(content);
      expect(lines.length).toBeGreaterThan(0);
      expect(lines.length).toBeLessThan(20);
      expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(400);
      expect(lines.join('')).not.toContain('\u001b');
    }
  });

  it('counts for 1024 users, and says so of the others', () => {
    const content = JSON.stringify({ uids: Array.from({ length: 1030 }, () => 1000) });
    expect(counts(content).uids).toHaveLength(1024);
    expect(told(content)).toEqual([
      `warn ${PATH}: uids: only the first 1024 of 1030 count; permit more users by the group adit`,
    ]);
  });
});

describe('the file itself', () => {
  const place = (): string => join(temporaryDirectory(), 'access.json');
  const access = (path: string) => readAccess(() => accessText(path));
  const found = (path: string): string[] => access(path).faults.map((fault) => fault.found);

  it('may be missing', () => {
    const path = place();
    expect(accessText(path)).toBeUndefined();
    expect(access(path)).toEqual({ anyUser: false, uids: [], faults: [] });
  });

  it('is read as it stands', () => {
    const path = place();
    writeFileSync(path, '{"uids":[1000]}');
    expect(access(path)).toEqual({ anyUser: false, uids: [1000], faults: [] });
  });

  it('that is too long permits nobody, and is told', () => {
    const path = place();
    writeFileSync(path, `{"uids":[1000]${' '.repeat(70_000)}}`);
    expect(access(path).uids).toEqual([]);
    expect(found(path)).toEqual(['it cannot be read: it is longer than 65536 octets']);
  });

  it('that is a directory, or a pipe that nobody writes to, is told', () => {
    const [folder, pipe] = [place(), place()];
    mkdirSync(folder);
    execFileSync('mkfifo', [pipe]);
    expect(found(folder)).toEqual([expect.stringContaining('it cannot be read: EISDIR')]);
    expect(found(pipe)).toEqual([expect.stringContaining('it is no JSON')]);
  });
});
