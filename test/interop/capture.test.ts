/** tshark, with the key tables that the helper exports, decrypts everything on the wire and finds nothing malformed. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectTraffic } from '#test/harness/checks.ts';
import { LAB } from '#test/harness/lab.ts';
import { World } from '#test/harness/world.ts';
import { PSK, Scene } from '#test/harness/scene.ts';
import { isEsp, isEspDecrypted, isIke, readCapture } from '#test/harness/tshark.ts';

/** IKE_SA_INIT is in the clear; IKE_AUTH and INFORMATIONAL must have been decrypted. */
const IKE_SA_INIT = 34;

describe.each([
  { ike: 'aes256gcm16-prfsha384-ecp384', esp: 'aes256gcm16' },
  { ike: 'aes128-sha256-curve25519', esp: 'aes256-sha256' },
])('a capture of $ike, ESP $esp', (suite) => {
  it('is decrypted by tshark, every packet, none malformed', async () => {
    await using place = await World.create();
    const tables = join(place.directory, 'keys');
    await mkdir(tables, { mode: 0o700 });
    await using scene = await Scene.create({
      ways: [{ name: 'plain', ...suite, inner: [LAB.inner.net4, LAB.inner.net6], pools: ['p4', 'p6'] }],
      adit: { arguments: ['--key-log', tables] },
    });
    const id = await scene.adit.import(scene.profile('plain'), PSK);
    const capture = await scene.lab.world.capture(scene.lab.client, 'eth0', 'wire');
    await scene.adit.up(id);
    await expectTraffic(scene, id, 'plain', { inner: [LAB.inner.ip4, LAB.inner.ip6], bytes: 50_000 });
    await scene.adit.down(id);
    const packets = await readCapture(await capture.stop(), tables);
    expect(packets.filter(({ malformed }) => malformed !== '')).toEqual([]);
    const ike = packets.filter(isIke);
    expect(ike.length).toBeGreaterThanOrEqual(6);
    expect(ike.filter(({ exchange, ikeDecrypted }) => exchange !== IKE_SA_INIT && !ikeDecrypted)).toEqual([]);
    const esp = packets.filter(isEsp);
    expect(esp.length).toBeGreaterThan(100);
    expect(esp.filter((packet) => !isEspDecrypted(packet) || !packet.icvGood)).toEqual([]);
  });
});
