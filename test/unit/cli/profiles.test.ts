/** Importing, listing, showing, exporting and removing profiles, and storing their keys. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXPORT_NAMES } from '#cli/commands/index.ts';
import type { Result } from '#core/ipc/contract.ts';
import { exportFormat } from '#core/ipc/profile-calls.ts';
import { Refusal } from '#test/fakes/helper-server.ts';
import { temporaryDirectory } from '#test/fakes/temporary.ts';
import { runAdit } from '#test/harness/adit-cli.ts';
import { file, helper, PROFILE, run, SECRET } from '#test/harness/cli-session.ts';

describe('adit import', () => {
  const imported: Result<'profiles.import'> = {
    imported: [
      {
        id: 'work',
        name: 'Work',
        report: [
          { outcome: 'taken', setting: 'connections.home.version', value: '2' },
          {
            outcome: 'refused',
            setting: 'connections.home.children.net.updown',
            value: '/bin/sh',
            reason: 'a profile runs no programs',
          },
        ],
        missingSecrets: ['psk'],
      },
    ],
  };

  it('sends octets and names, never paths; prints the report', async () => {
    const fake = await helper({ 'profiles.import': () => imported });
    const content = Uint8Array.from({ length: 256 }, (_, i) => i);
    const path = file('wörk.conf', content);
    const { code, stdout } = await runAdit([
      '--socket',
      fake.path,
      'import',
      path,
      '--name',
      'Work',
      '--user',
      'alice',
      '--dry-run',
    ]);
    expect(code).toBe(0);
    expect(fake.received).toEqual([
      {
        name: 'profiles.import',
        params: {
          files: [{ name: 'wörk.conf', content: Buffer.from(content).toString('base64') }],
          name: 'Work',
          user: 'alice',
          dryRun: true,
          forAll: false,
        },
      },
    ]);
    expect(stdout).toMatch(
      /Refused:\n +connections\.home\.children\.net\.updown = \/bin\/sh {2}a profile runs no programs/,
    );
    expect(stdout).toContain('Next: adit set-secret work');
  });

  it('takes the secret from stdin, without its line end, and prints JSON', async () => {
    const fake = await helper({ 'profiles.import': () => imported });
    const { stdout } = await run(fake, `import ${file('a.json', '{}')} --secret-stdin --json --for-all`, {
      stdin: `${SECRET}\r\n`,
    });
    expect(fake.received[0]?.params).toMatchObject({
      psk: Buffer.from(SECRET).toString('base64'),
      forAll: true,
    });
    expect(JSON.parse(stdout)).toEqual(imported);
  });

  it.each([
    ['/nonexistent/x.conf', /\/nonexistent\/x\.conf cannot be read: there is no such file/],
    ['/tmp', /\/tmp is no file/],
    ['/dev/zero', /\/dev\/zero is no file/],
  ])('says why %s cannot be read', async (path, says) => {
    const fake = await helper({});
    const { code, stderr } = await run(fake, `import ${path}`);
    expect(code).toBe(1);
    expect(stderr).toMatch(says);
    expect(fake.received).toEqual([]);
  });

  it('refuses files that no frame can carry before it connects', async () => {
    const { code, stderr } = await runAdit([
      '--socket',
      '/nonexistent',
      'import',
      file('big', new Uint8Array(200 * 1024)),
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/has 204800 bytes; a profile has at most/);
  });

  it('prints a refusal of several lines as it is', async () => {
    const fake = await helper({
      'profiles.import': () => {
        throw new Refusal('refused', 'a.conf:1: one\na.conf:2: two');
      },
    });
    expect((await run(fake, `import ${file('a.conf', 'x')}`)).stderr).toBe(
      'adit: a.conf:1: one\na.conf:2: two\n',
    );
  });
});

describe('profiles', () => {
  it('lists and shows them', async () => {
    const fake = await helper({});
    const list = await run(fake, 'profiles');
    expect(list.stdout).toMatch(
      /^ID +NAME +GATEWAY +FOR +SECRETS\nwork +Work +vpn\.example\.org +you +stored\nlab .*missing: psk\n$/,
    );
    expect(JSON.parse((await run(fake, 'profiles --json')).stdout)).toMatchObject({
      profiles: [{ id: 'work' }, { id: 'lab' }],
    });
    expect((await run(fake, 'show Work')).stdout).toMatch(/gateway\.addresses +vpn\.example\.org/);
    expect(JSON.parse((await run(fake, 'show work --json')).stdout)).toMatchObject({ profile: PROFILE });
  });

  it('lists what comes in pages as one', async () => {
    const one = (id: string) => ({
      id,
      name: id,
      gateway: 'vpn.example.org',
      owner: 0,
      forAll: false,
      storedSecrets: [],
      missingSecrets: [],
    });
    const fake = await helper({
      'profiles.list': ({ after }) =>
        after === undefined ? { profiles: [one('a'), one('b')], next: 'b' } : { profiles: [one('c')] },
    });
    const { profiles } = JSON.parse((await run(fake, 'profiles --json')).stdout) as Result<'profiles.list'>;
    expect(profiles.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(fake.received.map(({ params }) => params)).toEqual([{}, { after: 'b' }]);
    const endless = await helper({ 'profiles.list': () => ({ profiles: [one('a')], next: 'a' }) });
    expect((await run(endless, 'profiles')).stderr).toContain('has no end');
  });

  it('removes one by its id', async () => {
    const fake = await helper({ 'profiles.remove': () => ({}) });
    const { code, stdout } = await run(fake, 'remove Work');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Removed Work (work) and its secrets.\n' });
    expect(fake.received.at(-1)).toEqual({ name: 'profiles.remove', params: { id: 'work' } });
  });

  it('says which there could be where a name fits none', async () => {
    const { code, stderr } = await run(await helper({}), 'show lob');
    expect(code).toBe(1);
    expect(stderr).toBe('adit: There is no profile “lob”.\nDid you mean “lab”?\n');
  });
});

describe('adit export', () => {
  const base64 = (content: string): string => Buffer.from(content).toString('base64');
  const conf = { name: 'Work.conf', content: base64('connections { }\n') };
  const left = {
    outcome: 'changed' as const,
    setting: 'dns.servers',
    value: '10.0.0.1',
    reason: 'the format has no place for it',
  };

  it('prints the file, and on stderr what it does not say', async () => {
    const fake = await helper({ 'profiles.export': () => ({ files: [conf], leftOut: [left] }) });
    const { code, stdout, stderr } = await run(fake, 'export wo --format swanctl');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'connections { }\n' });
    expect(stderr).toMatch(
      /swanctl cannot say.*:\n.*Changed:\n +dns\.servers = 10\.0\.0\.1 +the format has no place/,
    );
    expect(fake.received.at(-1)?.params).toEqual({ id: 'work', format: 'swanctl' });
    await run(fake, 'export wo');
    expect(fake.received.at(-1)?.params).toEqual({ id: 'work', format: 'adit' });
  });

  it('writes a secret into the file only where one is given for it, and the file for its owner alone', async () => {
    const fake = await helper({ 'profiles.export': () => ({ files: [conf], leftOut: [] }) });
    const path = join(temporaryDirectory(), 'mine.conf');
    await run(fake, `export work -F swanctl -o ${path} --secret-stdin`, { stdin: 'the key\n' });
    expect(fake.received.at(-1)?.params).toEqual({ id: 'work', format: 'swanctl', psk: base64('the key') });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await run(fake, 'export work -F swanctl --password-stdin', { stdin: 'pass' });
    expect(fake.received.at(-1)?.params).toEqual({ id: 'work', format: 'swanctl', password: base64('pass') });
    expect((await run(fake, 'export work --secret-stdin --password-stdin')).code).toBe(2);
  });

  it('writes files side by side, under no other folder, and over none that is there', async () => {
    const ca = { name: '../../ca.pem', content: base64('PEM') };
    const fake = await helper({ 'profiles.export': () => ({ files: [conf, ca], leftOut: [] }) });
    const folder = temporaryDirectory();
    const path = join(folder, 'mine.conf');
    expect((await run(fake, `export work -F swanctl -o ${path}`)).stderr).toContain(`Wrote ${path}`);
    expect(readdirSync(folder).sort()).toEqual(['ca.pem', 'mine.conf']);
    expect(readFileSync(path, 'utf8')).toBe('connections { }\n');
    const again = await run(fake, `export work -F swanctl -o ${path}`);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('exists already')]);
    const nowhere = await run(fake, 'export work -F swanctl');
    expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringContaining('2 files')]);
  });

  it('knows no other format', async () => {
    const fake = await helper({});
    const { code, stderr } = await run(fake, 'export work --format docx');
    expect([code, stderr]).toEqual([2, expect.stringMatching(/“docx” is no format.\nThere are adit, sswan/)]);
    expect(fake.received).toEqual([]);
  });

  it('offers what the contract has', () => {
    expect([...EXPORT_NAMES].sort()).toEqual([...exportFormat.options].sort());
  });
});

describe('adit set-secret', () => {
  it('stores what stdin says', async () => {
    const fake = await helper({ 'profiles.setSecret': () => ({}) });
    const { code, stdout, stderr } = await run(fake, 'set-secret lab --secret-stdin', {
      stdin: `${SECRET}\n`,
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).not.toContain(SECRET);
    expect(fake.received.at(-1)?.params).toEqual({ id: 'lab', psk: Buffer.from(SECRET).toString('base64') });
  });

  it.each(['set-secret lab', 'import'])(
    '%s takes the password of a private key from stdin',
    async (command) => {
      const fake = await helper({
        'profiles.setSecret': () => ({}),
        'profiles.import': () => ({ imported: [] }),
      });
      const words = command === 'import' ? `import ${file('key.json', '{}')}` : command;
      const { code } = await run(fake, `${words} --private-key-password-stdin`, { stdin: SECRET });
      expect(code).toBe(0);
      expect(fake.received.at(-1)?.params).toMatchObject({
        privateKeyPassword: Buffer.from(SECRET).toString('base64'),
      });
    },
  );

  it.each(['set-secret lab', 'import', 'export lab'])(
    '%s takes a post-quantum key from stdin',
    async (command) => {
      const fake = await helper({
        'profiles.setSecret': () => ({}),
        'profiles.import': () => ({ imported: [] }),
        'profiles.export': () => ({ files: [{ name: 'lab.conf', content: '' }], leftOut: [] }),
      });
      const words = command === 'import' ? `import ${file('ppk.json', '{}')}` : command;
      const { code, stdout } = await run(fake, `${words} --ppk-stdin`, { stdin: SECRET });
      expect(code).toBe(0);
      expect(stdout).not.toContain(SECRET);
      expect(fake.received.at(-1)?.params).toMatchObject({ ppk: Buffer.from(SECRET).toString('base64') });
    },
  );

  it.each([
    ['', /The secret is empty/],
    ['\n', /The secret is empty/],
    ['x'.repeat(4000), /longer than 3072 bytes/],
  ])('refuses the secret %j', async (stdin, says) => {
    const { code, stderr } = await run(await helper({}), 'set-secret lab --secret-stdin', { stdin });
    expect(code).toBe(1);
    expect(stderr).toMatch(says);
  });

  it('says how to pipe one where no terminal can be asked', async () => {
    const { code, stderr } = await run(await helper({}), 'set-secret lab');
    expect(code).toBe(2);
    expect(stderr).toContain('adit set-secret lab --secret-stdin < key.txt');
  });
});
