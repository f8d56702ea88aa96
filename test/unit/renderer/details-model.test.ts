/** What an administrator reads, from what the helper says. */
import { setupI18n } from '@lingui/core';
import { compileMessage } from '@lingui/message-utils/compileMessage';
import { describe, expect, it } from 'vitest';
import type { LockdownStatus, TunnelStatus } from '#core/ipc/contract.ts';
import { LANGUAGES } from '#core/text/languages.ts';
import { asText, detailsOf } from '#renderer/features/tunnel/details-model.ts';
import { CATALOGUES } from '#renderer/i18n/catalogues.ts';
import { CONNECTED, LOCKED, UNLOCKED } from '#test/fakes/statuses.ts';

const NOW = Date.parse('2026-11-21T09:00:00.000Z');

function told(
  tunnel: TunnelStatus,
  spoken: (typeof LANGUAGES)[number] = 'en',
  lockdown?: LockdownStatus,
): string {
  const i18n = setupI18n();
  i18n.setMessagesCompiler(compileMessage);
  i18n.loadAndActivate({ locale: spoken, messages: { ...CATALOGUES[spoken] } });
  return asText(
    detailsOf(tunnel, { t: (id, values) => i18n._(id, values), locale: spoken, spoken, now: NOW }, lockdown),
  );
}

const child = (change: Partial<TunnelStatus['children'][number]>): TunnelStatus => ({
  ...CONNECTED,
  children: CONNECTED.children.map((one) => ({ ...one, ...change })),
});

describe('the details', () => {
  it('tell of lockdown while it is on', () => {
    expect(told(CONNECTED, 'en', LOCKED)).toMatch(/^  Lockdown: On$/m);
    expect(told(CONNECTED, 'en', { ...LOCKED, lan: true, byAdmin: true, fault: 'nft is missing' })).toContain(
      'Lockdown: On, but not in force, nft is missing, The local network is within reach, Switched on by an administrator',
    );
    for (const lockdown of [undefined, UNLOCKED])
      expect(told(CONNECTED, 'en', lockdown)).not.toContain('Lockdown');
  });

  it.each<[TunnelStatus['postQuantum'], string, string | undefined]>([
    [['ml-kem'], 'aes256gcm16-prfsha384-ecp256-ke1_mlkem768', 'ML-KEM-768'],
    [['ml-kem'], 'aes256gcm16-prfsha384-ecp256-ke1_mlkem768-ke2_mlkem1024', 'ML-KEM-768, ML-KEM-1024'],
    // A successor did without.
    [['ml-kem'], 'aes256gcm16-prfsha384-ecp256', 'ML-KEM'],
    [['ppk'], 'aes256gcm16-prfsha384-ecp256-ke1_mlkem768', 'Pre-shared key (PPK)'],
    [['ml-kem', 'ppk'], 'aes256gcm16-prfsha384-mlkem1024', 'ML-KEM-1024, Pre-shared key (PPK)'],
    [[], 'aes256gcm16-prfsha384-ecp256', 'No'],
    // A helper before 1.5.
    [undefined, 'aes256gcm16-prfsha384-ecp256', undefined],
  ])('tell what protects the keys against quantum computers: %j with %s', (postQuantum, suite, words) => {
    const tunnel = { ...CONNECTED, ike: CONNECTED.ike && { ...CONNECTED.ike, suite } };
    const text = told(postQuantum === undefined ? tunnel : { ...tunnel, postQuantum });
    expect(/^ {2}Protected against quantum computers: (.*)$/m.exec(text)?.[1]).toBe(words);
  });

  it('count down by time, octets and packets', () => {
    const text = told(
      child({
        rekeyAt: '2026-11-21T09:20:05.000Z',
        bytesIn: 1024 ** 2,
        bytesOut: 3 * 1024 ** 2,
        rekeyAtBytes: 5 * 1024 ** 2,
        limitBytes: 6 * 1024 ** 2,
        rekeyAtPackets: 9001,
        limitPackets: 10_000,
      }),
    );
    expect(text).toContain('New keys in: 20:05');
    expect(text).toContain('New keys after: 2.0 MiB, 1 packet');
    expect(text).toContain('Ends after: 3.0 MiB, 1,000 packets');
  });

  it('never count below nothing', () => {
    expect(told(child({ bytesOut: 2000, limitBytes: 1000 }))).toContain('Ends after: 0 B');
  });

  it('tell how ESP travels', () => {
    const seen = LANGUAGES.flatMap((spoken) =>
      [true, false].map((encapsulated) => /ESP[,，].*/.exec(told(child({ encapsulated }), spoken))?.[0]),
    );
    expect(seen).toEqual([
      'ESP, tunnel, In UDP',
      'ESP, tunnel, As IP protocol 50',
      'ESP, Tunnel, In UDP',
      'ESP, Tunnel, Als IP-Protokoll 50',
      'ESP，隧道模式, 封装在 UDP 中',
      'ESP，隧道模式, 作为 IP 协议 50',
    ]);
  });

  it('tell of the path, of life, of the last end and of SAs that are gone', () => {
    const text = told({
      ...CONNECTED,
      path: {
        local: { address: '2001:db8::7', port: 4500 },
        remote: { address: '203.0.113.1', port: 4500 },
        mobike: true,
      },
      reconnect: { attempt: 3, nextAt: null, why: null },
      lastEnd: {
        at: '2026-11-21T07:00:00.000Z',
        why: 'x',
        failure: { cause: 'peer-dead', lastSeenSecAgo: 9 },
      },
      discarded: [
        { kind: 'child', spi: 'c0ffee00', at: '2026-11-21T07:00:00.000Z', why: 'replaced by c0ffee01' },
        { kind: 'ike', spi: '0011', at: '2026-11-21T08:00:00.000Z', why: 'deleted by the gateway' },
      ],
    });
    expect(text).toContain('Path: [2001:db8::7]:4500 to 203.0.113.1:4500');
    expect(text).toContain('The tunnel moves along (MOBIKE)');
    expect(text).toMatch(/Last proof of life: .*\(0:10 ago\)/);
    expect(text).toContain('Given up after: 57 seconds of silence');
    expect(text).toContain('Attempt: 3');
    expect(text).toMatch(/The last connection ended: .*The gateway fell silent\./);
    expect(text.indexOf('IKE SA 0011')).toBeLessThan(text.indexOf('Child SA c0ffee00'));
    expect(text).toContain('replaced by c0ffee01');
  });

  it('tell in the person’s language why an SA is gone, and that somebody took the tunnel down', () => {
    const gone = {
      kind: 'child',
      spi: 'c0ffee00',
      at: '2026-11-21T07:00:00.000Z',
      why: 'we deleted it',
    } as const;
    const tunnel: TunnelStatus = {
      ...CONNECTED,
      lastEnd: { at: gone.at, why: 'It was taken down while it was connecting.', failure: null },
      discarded: [gone],
    };
    expect(told(tunnel)).toMatch(/taken down while it was connecting[^]*we deleted it/);
    expect(told(tunnel, 'de')).toMatch(/Er wurde getrennt[^]*Wir haben sie gelöscht/);
    expect(told(tunnel, 'zh')).toMatch(/已断开[^]*我方已将其删除/);
  });

  it('are written in each language without a hole', () => {
    for (const language of LANGUAGES)
      expect(told(CONNECTED, language)).not.toMatch(/undefined|NaN|\{|details\./);
  });
});
