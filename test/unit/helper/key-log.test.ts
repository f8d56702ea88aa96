/** The key log for Wireshark: its two tables, and that nobody else may read them. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { KeyLogEntry } from '#core/ikev2/connection-types.ts';
import { keyLogIn } from '#helper/key-log.ts';
import { TunnelWorld } from '#test/fakes/tunnel-world.ts';
import { CANARY, profileNamed } from '#test/fakes/profiles.ts';
import { temporaryDirectory } from '#test/fakes/temporary.ts';
import { esp, id, ike } from '#test/harness/ikev2-pair.ts';
import { utf8 } from '#core/bytes/bytes.ts';

/** Connects with a suite and returns the two tables, line by line, with every key but its length taken out. */
async function tablesOf(ikeText: string, espText: string) {
  const directory = temporaryDirectory();
  const world = new TunnelWorld({ keyLog: keyLogIn(directory) });
  world.gateway('203.0.113.1', {
    localId: id('gw.example'),
    findPsk: () => utf8(CANARY),
    proposals: ike(ikeText),
    child: { proposals: esp(espText) },
  });
  const profile = profileNamed('work', { ike: { proposals: [ikeText] }, child: { proposals: [espText] } });
  world.tunnels.up(world.profile('work', { profile }));
  await world.clock.advance(1000);
  expect(world.status('work')?.state).toBe('connected');
  const read = (name: string) =>
    readFileSync(join(directory, name), 'utf8')
      .trim()
      .split('\n')
      .map((line) =>
        line.replace(
          /(?<=[,"]|^)(0x)?([0-9a-f]{16,})(?=[,"]|$)/g,
          (_, prefix = '', hex: string) => `${prefix}${hex.length / 2}`,
        ),
      );
  return {
    directory,
    status: world.status('work'),
    ikeTable: read('ikev2_decryption_table'),
    espTable: read('esp_sa'),
  };
}

describe('the key log', () => {
  it('has rows for an AEAD', async () => {
    const { ikeTable, espTable, status } = await tablesOf('aes256gcm16-prfsha384-ecp384', 'aes128gcm16');
    expect(ikeTable).toEqual(['8,8,36,36,"AES-GCM-256 with 16 octet ICV [RFC5282]",,,"NONE [RFC4306]"']);
    const { spiIn, spiOut } = status?.children[0] ?? {};
    expect(espTable).toEqual([
      `"IPv4","*","*","0x${spiIn}","AES-GCM with 16 octet ICV [RFC4106]","0x20","NULL",""`,
      `"IPv4","*","*","0x${spiOut}","AES-GCM with 16 octet ICV [RFC4106]","0x20","NULL",""`,
    ]);
  });

  it('has rows for encryption with integrity', async () => {
    const { ikeTable, espTable } = await tablesOf('aes128-sha256-x25519', 'aes256-sha1');
    expect(ikeTable).toEqual(['8,8,16,16,"AES-CBC-128 [RFC3602]",32,32,"HMAC_SHA2_256_128 [RFC4868]"']);
    expect(espTable.map((row) => row.replace(/0x[0-9a-f]{8}(?=")/, 'SPI'))).toEqual([
      '"IPv4","*","*","SPI","AES-CBC [RFC3602]","0x32","HMAC-SHA-1-96 [RFC2404]","0x20"',
      '"IPv4","*","*","SPI","AES-CBC [RFC3602]","0x32","HMAC-SHA-1-96 [RFC2404]","0x20"',
    ]);
  });

  it('is readable by its owner alone', async () => {
    const { directory } = await tablesOf('aes128-sha256-x25519', 'aes256-sha1');
    for (const name of ['ikev2_decryption_table', 'esp_sa']) {
      expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
    }
  });

  it('says where the engine does not give what a row needs', () => {
    const entry: KeyLogEntry = { kind: 'ike', fields: {} };
    expect(() => keyLogIn(temporaryDirectory())(entry)).toThrow(/lacks spiI/);
  });
});
