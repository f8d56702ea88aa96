/**
 * What a package installs beside Electron, laid out as electron-builder.yml says and run: the bundled helper and command
 * line on the Node that comes with them, the unit. electron-builder itself runs up to the making of the archive: in the
 * place of Electron's binary and of fpm, which it downloads, there are stand-ins.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProfileInput } from '#core/profile/profile.ts';
import { Adit } from '#test/harness/adit.ts';
import { EmbeddedGateway } from '#test/harness/embedded-gateway.ts';
import { LAB, Lab } from '#test/harness/lab.ts';
import { certificateSswan, P12_PASSWORD, pkcs12 } from '#test/harness/login-files.ts';
import { layOutPackage } from '#test/harness/package.ts';
import { residentMegabytes } from '#test/harness/process.ts';
import { TestPki } from '#test/harness/test-pki.ts';
import { Traffic } from '#test/harness/traffic.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const PSK = 'the key of the package';
const PROFILE: ProfileInput = {
  format: 'adit-profile',
  version: 1,
  name: 'office',
  gateway: { addresses: [LAB.gateway.ip4], id: 'gw.lab' },
  authentication: { method: 'psk', localId: 'adit.lab' },
  child: { remoteTs: [LAB.inner.net4] },
};

let lab: Lab;
let resources: string;
let programs: Awaited<ReturnType<typeof layOutPackage>>;

beforeAll(async () => {
  lab = await Lab.create();
  resources = join(lab.world.directory, 'resources');
  programs = await layOutPackage(resources);
});
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
});

describe('electron-builder', () => {
  it('takes the configuration, and hands on all that a Debian package needs', async () => {
    const folder = join(lab.world.directory, 'builder');
    const electron = join(folder, 'electron');
    await mkdir(electron, { recursive: true });
    // What @electron/fuses looks for in a binary: its mark, version 1, nine fuses.
    const fuses = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX\x01\x09111111111';
    await writeFile(join(electron, 'electron'), fuses, { mode: 0o755 });
    const said = join(folder, 'fpm');
    const script = `#!/bin/sh
for argument; do
  printf '%s\\n' "$argument" >> ${said}
  case $argument in *.desktop=*) cp "\${argument%%=*}" ${said}.desktop ;; esac
done
`;
    await mkdir(join(folder, 'bin'));
    await writeFile(join(folder, 'bin/fpm'), script, { mode: 0o755 });
    execFileSync(process.execPath, ['scripts/build-app.ts'], { cwd: root });
    const given = [`electronDist=${electron}`, `directories.output=${join(folder, 'dist')}`];
    execFileSync(
      join(root, 'node_modules/.bin/electron-builder'),
      ['--linux', ...given.map((option) => `-c.${option}`)],
      {
        cwd: root,
        stdio: ['ignore', 'ignore', 'pipe'],
        env: {
          ...process.env,
          USE_SYSTEM_FPM: 'true',
          PATH: `${join(folder, 'bin')}:${process.env['PATH']}`,
        },
      },
    );
    const toFpm = (await readFile(said, 'utf8')).split('\n');
    const unpacked = join(folder, 'dist/linux-unpacked');
    expect(toFpm).toContain(`${unpacked}/=/opt/Adit`);
    // The windows say that they belong to this entry by its name (`desktopName` of package.json).
    expect(toFpm.find((argument) => argument.includes('.desktop='))).toMatch(
      /=\/usr\/share\/applications\/adit-ui\.desktop$/,
    );
    expect(await readFile(`${said}.desktop`, 'utf8')).toMatch(
      /^Exec=\/opt\/Adit\/adit-ui %U$[^]*^StartupWMClass=adit-ui$[^]*^Comment=Connect to/m,
    );
    // Beside the application there is what the other tests run.
    const filesIn = async (at: string): Promise<string[]> =>
      (await readdir(at, { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(at.length))
        .filter((name) => !name.startsWith('/cache/'))
        .toSorted();
    expect(await filesIn(join(unpacked, 'resources'))).toEqual(
      [...(await filesIn(resources)), '/app.asar', '/apparmor-profile'].toSorted(),
    );
  });
});

describe('the packaged helper', () => {
  it('connects, driven by the packaged command line, and needs less memory than the sources', async () => {
    await EmbeddedGateway.start(lab.gateway, {
      localId: 'gw.lab',
      keys: { 'adit.lab': PSK },
      pools: { ip4: LAB.pool.ip4, ip6: LAB.pool.ip6 },
      dns: [],
      localTs: [LAB.inner.net4],
    });
    const { port } = await Traffic.on(lab.gateway).serve(LAB.inner.ip4);
    const memory: number[] = [];
    for (const [name, options] of [
      ['packaged', { programs }],
      ['sources', {}],
    ] as const) {
      await using adit = await Adit.start(lab.world, lab.client, {
        ...options,
        stateDirectory: join(lab.world.directory, name),
      });
      const id = await adit.import(PROFILE, PSK);
      await adit.up(id);
      const { sha256, expected } = await Traffic.on(lab.client).download(
        `http://${LAB.inner.ip4}:${port}/1000000`,
        10_000,
      );
      expect(sha256).toBe(expected);
      memory.push(await residentMegabytes(adit.pid));
      const limits = await readFile(`/proc/${adit.pid}/limits`, 'utf8');
      expect(limits).toMatch(/^Max core file size\s+0\s+0\s/m);
      await adit.down(id);
    }
    const [packaged = NaN, sources = NaN] = memory;
    expect(packaged).toBeLessThan(sources);
  });

  it('has in its one file what is loaded on demand: it opens a certificate file and dials with it', async () => {
    using pki = new TestPki();
    const root = pki.ca('Root');
    const alice = pki.leaf(root, 'alice', { usage: 'clientAuth', san: 'email:alice@lab.example' });
    const file = join(lab.world.directory, 'alice.sswan');
    // Nobody is there: what matters is how far it comes.
    const own = { p12: pkcs12(alice), id: 'alice@lab.example' };
    await writeFile(file, certificateSswan('alice', '10.99.99.99', root.certificates, own));
    await using adit = await Adit.start(lab.world, lab.client, {
      programs,
      stateDirectory: join(lab.world.directory, 'certified'),
    });
    await adit.run(['import', file, '--p12-password-stdin'], { input: P12_PASSWORD });
    const { code } = await adit.try(['up', 'alice', '--timeout', '2']);
    expect(code).toBe(1);
    expect((await adit.tunnel('alice'))?.failure?.cause ?? 'none').toMatch(
      /^(none|no-answer|network-unreachable)$/,
    );
    expect(adit.output).not.toMatch(/cannot be loaded|fault/);
  });

  it('is installed, upgraded and removed by dpkg, its code compiled, what was switched off left alone, and profiles until a purge', async () => {
    const computer = await lab.world.host('computer');
    const sh = (script: string) => computer.run(['sh', '-ec', script]);
    const overlay = (folder: string) => `
      mkdir -p /run/over/${folder} /run/over/${folder}.work
      mount -t overlay over -o lowerdir=/${folder},upperdir=/run/over/${folder},workdir=/run/over/${folder}.work /${folder}`;
    const build = (version: string) => `
      mkdir -p /run/${version}/DEBIAN /run/${version}/opt/Adit
      cp -a ${resources} /run/${version}/opt/Adit/resources
      rm -r /run/${version}/opt/Adit/resources/cache
      cp ${root}/assets/linux/after-install.sh /run/${version}/DEBIAN/postinst
      cp ${root}/assets/linux/after-remove.sh /run/${version}/DEBIAN/postrm
      chmod 755 /run/${version}/DEBIAN/*
      printf '%s\\n' 'Package: adit' 'Version: ${version}' 'Architecture: amd64' 'Maintainer: Nobody' \\
        'Description: a VPN client' > /run/${version}/DEBIAN/control
      dpkg-deb -Znone --build /run/${version} /run/${version}.deb
      rm -r /run/${version}`;
    // A system with systemd, whose systemctl notes what it is told.
    await sh(`${['usr', 'opt', 'var'].map(overlay).join('')}
      mkdir -p /run/systemd/system /var/lib/adit/profiles
      chmod 700 /var/lib/adit
      touch /var/lib/adit/profiles/one.json
      rm -f /usr/bin/systemctl
      printf '#!/bin/sh\\necho "$*" >> /run/told\\nnft list tables > "/run/tables at $*"\\n' > /usr/bin/systemctl
      chmod 755 /usr/bin/systemctl ${build('1.0')} ${build('2.0')}`);
    const told = async (command: string): Promise<string[]> => {
      await sh(`: > /run/told; ${command} >&2`);
      return (await sh('cat /run/told')).split('\n').slice(0, -1);
    };
    const compiled = 'find /var/cache/adit -type f -size +100k';

    const first = ['daemon-reload', 'enable adit-lockdown.service', 'enable --now aditd.service'];
    expect(await told('dpkg -i /run/1.0.deb')).toEqual(first);
    expect(await sh('getent group adit')).toMatch(/^adit:/);
    expect(await sh('adit --version')).toMatch(/^adit /);
    expect(await sh('readlink /usr/bin/adit-ui')).toBe('/opt/Adit/adit-ui\n');
    for (const unit of ['aditd.service', 'adit-lockdown.service']) {
      await sh(`cmp /opt/Adit/resources/${unit} /usr/lib/systemd/system/${unit}`);
    }
    expect(await sh('stat -c %a /var/cache/adit')).toBe('700\n');
    const before = await sh(compiled);
    expect(before).not.toBe('');

    // As a helper leaves it that ends in lockdown.
    const lockedDown = `
      touch /var/lib/adit/lockdown.json
      echo 'add table inet adit_lockdown' > /var/lib/adit/lockdown.nft
      nft -f /var/lib/adit/lockdown.nft; nft add table inet other`;
    await sh(lockedDown);
    const tables = () => sh('nft list tables');
    const both = 'table inet adit_lockdown\ntable inet other\n';

    // Whether it starts at boot, and whether it runs, is the administrator's since then.
    expect(await told('dpkg -i /run/2.0.deb')).toEqual(['daemon-reload', 'try-restart aditd.service']);
    expect(await sh('adit --version')).toMatch(/^adit /);
    await sh('cd /usr/lib/systemd/system; test -e aditd.service; test -e adit-lockdown.service');
    expect(await tables()).toBe(both);
    expect((await sh(compiled)).split('\n')).toHaveLength(before.split('\n').length);

    // The command line of the package leads out of lockdown without a service, by the helper beside it.
    expect(await sh('cd /usr; PATH=/nonexistent /usr/bin/adit doctor --rescue')).toBe(
      [
        '/var/lib/adit/lockdown.json',
        '/var/lib/adit/lockdown.nft',
        'the rules of lockdown: what no tunnel takes may leave again',
      ]
        .map((what) => `removed ${what}\n`)
        .join(''),
    );
    expect(await tables()).toBe('table inet other\n');
    await sh(lockedDown);

    expect(await told('dpkg -r adit')).toEqual([
      'disable --now aditd.service',
      'disable --now adit-lockdown.service',
      'daemon-reload',
    ]);
    // A helper that still ran would put them back.
    expect(await sh("cat '/run/tables at disable --now aditd.service'")).toContain('adit_lockdown');
    expect(await tables()).toBe('table inet other\n');
    expect(
      await sh('ls /usr/bin/adit* /usr/lib/systemd/system/adit* /var/cache/adit 2> /dev/null || true'),
    ).toBe('');
    await sh('cd /var/lib/adit; test -e profiles/one.json; test -e lockdown.json');
    // dpkg names the version that was removed; it is a first installation all the same.
    expect(await told('dpkg -i /run/2.0.deb')).toEqual(first);
    // As after a version that knew no lockdown.
    await sh('rm /usr/lib/systemd/system/adit-lockdown.service');
    expect(await told('dpkg -i /run/2.0.deb')).toEqual([
      'daemon-reload',
      'enable adit-lockdown.service',
      'try-restart aditd.service',
    ]);
    await sh('dpkg -P adit');
    await sh('! test -e /var/lib/adit');
    // In an image that is being made, where no systemd runs.
    await sh('mv /run/systemd/system /run/systemd/elsewhere');
    expect(await told('dpkg -i /run/1.0.deb')).toEqual(['enable adit-lockdown.service']);
    await sh('mv /run/systemd/elsewhere /run/systemd/system; dpkg -P adit');
  });

  it.each([
    ['aditd.service', '/opt/Adit/resources/bin/aditd'],
    ['adit-lockdown.service', '/usr/sbin/nft'],
  ])('has a unit that systemd reads, whose program is there: %s', async (name, program) => {
    const unit = await readFile(join(resources, name), 'utf8');
    const here = join(lab.world.directory, name);
    await writeFile(here, unit.replaceAll('/opt/Adit/resources', resources));
    /** What it has to say of this unit: a key that it does not know is no error to it. */
    const verify = (): string[] => {
      const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', here], { encoding: 'utf8' });
      return `${stdout}${stderr}`.split('\n').filter((line) => line.includes(name));
    };
    expect(verify()).toEqual([]);
    await writeFile(here, unit.replace(`ExecStart=${program}`, 'ExecStart=/nonexistent/program'));
    expect(verify()).toEqual([expect.stringContaining('/nonexistent/program')]);
  });
});
