/** A machine that lacks what a tunnel needs, and a network that sends rubbish: a sentence with the remedy, and no end. */
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { expectNothingLeft, expectTraffic } from '#test/harness/checks.ts';
import { PSK, Scene } from '#test/harness/scene.ts';

const WAYS = [{ name: 'plain', ike: 'aes256gcm16-prfsha384-ecp384', esp: 'aes256gcm16' }] as const;

describe('a machine that lacks something', () => {
  it('/dev/net/tun: named with the remedy; once it is there, up works', async () => {
    await using scene = await Scene.create({ ways: WAYS });
    const id = await scene.adit.import(scene.profile('plain'), PSK);
    const before = await scene.snapshot();
    await scene.lab.client.run(['mount', '-t', 'tmpfs', 'nothing', '/dev/net']);
    const refused = await scene.adit.try(['up', id]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('modprobe tun');
    expect((await scene.adit.tunnel(id))?.failure).toMatchObject({ cause: 'system' });
    await expectNothingLeft(scene, before);
    await scene.lab.client.run(['umount', '/dev/net']);
    await scene.adit.up(id);
    await expectTraffic(scene, id, 'plain');
  });

  it('CAP_NET_ADMIN: named with the remedy', async () => {
    const launcher = ['setpriv', '--bounding-set', '-net_admin', '--'];
    await using scene = await Scene.create({ ways: WAYS, adit: { launcher } });
    const id = await scene.adit.import(scene.profile('plain'), PSK);
    const before = await scene.snapshot();
    const refused = await scene.adit.try(['up', id]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('CAP_NET_ADMIN');
    await expectNothingLeft(scene, before);
    expect(scene.adit.daemon.running).toBe(true);
  });

  it('space on the disk: said, and what was stored is still whole', async () => {
    await using scene = await Scene.create({ ways: WAYS });
    const state = scene.adit.stateDirectory;
    await scene.adit.stop();
    await scene.lab.client.run(['mount', '-t', 'tmpfs', '-o', 'size=256k,mode=700', 'small', state]);
    await scene.adit.restart();
    const id = await scene.adit.import(scene.profile('plain'), PSK);
    await scene.lab.client.try(['dd', 'if=/dev/zero', `of=${state}/filler`, 'bs=1k']);
    const refused = await scene.adit.import({ ...scene.profile('plain'), name: 'another' }, PSK).then(
      () => 'imported',
      (error: unknown) => String(error),
    );
    expect(refused).toMatch(/ENOSPC|no space|full/i);
    const listed = await scene.adit.run(['profiles', '--json']);
    expect(listed).toContain(id);
    expect(listed).not.toContain('another');
    // The journal of changes cannot be written either: no tunnel may then change the system.
    const before = await scene.snapshot();
    expect((await scene.adit.try(['up', id])).code).toBe(1);
    expect(await scene.snapshot()).toEqual(before);
    await scene.lab.client.run(['rm', `${state}/filler`]);
    await scene.adit.up(id);
    await expectTraffic(scene, id, 'plain');
    await scene.adit.down(id);
    expect(await scene.snapshot()).toEqual(before);
  });
});

describe('a network that sends rubbish', () => {
  it('to the port of a connected tunnel: counted at most, the tunnel goes on', async () => {
    await using scene = await Scene.create({ ways: WAYS });
    // A pinned port, so that the rubbish finds it.
    const ike = { proposals: [WAYS[0].ike], localPort: 5000 };
    const id = await scene.adit.import(scene.profile('plain', { ike }), PSK);
    await scene.adit.up(id);
    const { spiIn } = (await scene.adit.tunnel(id))?.children[0] ?? { spiIn: '' };
    const spi = Buffer.from(spiIn.replace(/^0x/, '').padStart(8, '0'), 'hex');
    const { spiI = '', spiR = '' } = (await scene.adit.tunnel(id))?.ike ?? {};
    const spis = Buffer.from(spiI + spiR, 'hex');
    const marker = Buffer.alloc(4);
    for (let round = 0; round < 40; round++) {
      const junk = randomBytes(round * 7);
      // Nothing at all, an unknown SPI, our SPI with a forged body, an IKE message of our SA with a forged body.
      const header = Buffer.from([46, 0x20, 37, 0x08, 0, 0, 0, round, 0, 0, 0, 28 + junk.length]);
      for (const bytes of [junk, Buffer.concat([spi, junk]), Buffer.concat([marker, spis, header, junk])]) {
        await scene.server.datagram({ address: '10.1.0.2', port: 5000 }, bytes);
      }
    }
    const status = await scene.adit.tunnel(id);
    expect(status?.state).toBe('connected');
    const { port } = await scene.server.serve('10.99.0.1');
    const file = await scene.user.download(`http://10.99.0.1:${port}/100000`);
    expect(file).toMatchObject({ bytes: 100_000, sha256: file.expected });
    await scene.adit.down(id);
  });
});
