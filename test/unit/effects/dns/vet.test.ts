/** What a gateway may not make of its DNS attributes. */
import { describe, expect, it } from 'vitest';
import { vetDns } from '#helper/effects/dns/vet.ts';
import { dns, ip } from '#test/fakes/tunnel-settings.ts';

const HOSTILE = [
  '',
  '.',
  '..',
  'a..b',
  '-x',
  '-a',
  '--help',
  'a.-x',
  'a-.b',
  '~.',
  '~corp',
  '*',
  '*.corp',
  'a b',
  'a\tb',
  'a\nnameserver 6.6.6.6',
  'a\r\nb',
  'a\0b',
  'a;reboot',
  '$(reboot)',
  '`reboot`',
  'a|b',
  'a&b',
  "a'b",
  'a"b',
  'a/b',
  '../etc/passwd',
  'a#b',
  'a\\b',
  'bücher.example',
  'a\u202eb',
  'a'.repeat(64),
  `${'a.'.repeat(127)}a.b`,
];

describe('vetDns', () => {
  it.each(HOSTILE)('leaves out %j and says so', (domain) => {
    const vetted = vetDns({ ...dns, domains: ['good.example', domain] });
    expect(vetted.domains).toEqual(['good.example']);
    expect(vetted.warnings).toEqual([expect.stringContaining('no host name')]);
    // oxlint-disable-next-line no-control-regex -- that none gets through is the point
    expect(vetted.warnings[0]).not.toMatch(/[\u0000-\u001f]/);
  });

  it('takes host names in any case, with a final dot, each once', () => {
    const domains = [
      'Corp.Example',
      'corp.example.',
      'lan',
      'a-b.c_d.10.in-addr.arpa',
      '_x.y',
      'a'.repeat(63),
    ];
    const vetted = vetDns({ ...dns, domains });
    expect(vetted.domains).toEqual([
      'corp.example',
      'lan',
      'a-b.c_d.10.in-addr.arpa',
      '_x.y',
      'a'.repeat(63),
    ]);
    expect(vetted.warnings).toEqual([]);
  });

  it.each([
    '0.0.0.0',
    '127.0.0.1',
    '127.9.9.9',
    '224.0.0.251',
    '255.255.255.255',
    '::',
    '::1',
    'ff02::fb',
    'fe80::1',
  ])('leaves out the server %s', (server) => {
    const vetted = vetDns({ ...dns, servers: [ip(server), ip('10.9.0.53')] });
    expect(vetted.servers).toEqual(['10.9.0.53']);
    expect(vetted.warnings).toHaveLength(1);
  });

  it('takes each server once', () => {
    expect(vetDns({ ...dns, servers: [ip('10.9.0.53'), ip('10.9.0.53'), ip('fd00::53')] }).servers).toEqual([
      '10.9.0.53',
      'fd00::53',
    ]);
  });

  it('bounds both lists', () => {
    const vetted = vetDns({
      ...dns,
      servers: Array.from({ length: 500 }, (_, i) => ip(`10.0.${i >> 8}.${i & 255}`)),
      domains: Array.from({ length: 5000 }, (_, i) => `d${i}.example`),
    });
    expect(vetted.servers).toHaveLength(16);
    expect(vetted.domains).toHaveLength(64);
    expect(vetted.warnings).toHaveLength(2);
  });
});
