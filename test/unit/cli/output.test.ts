/** What the command line prints: units, colours, tables. */
import { describe, expect, it } from 'vitest';
import type { TunnelStatus } from '#core/ipc/contract.ts';
import { statusLines } from '#cli/output/status-view.ts';
import { styleFor } from '#cli/output/style.ts';
import { table } from '#cli/output/table.ts';
import { bytes, clockTime, duration } from '#cli/output/units.ts';
import { bare, CONNECTED } from '#test/fakes/statuses.ts';

const plain = styleFor({}, {});
const now = Date.parse('2026-11-21T08:30:00.000Z');

describe('units', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1536, '1.5 KiB'],
    [10 * 1024 - 1, '10 KiB'],
    [1024 ** 2 - 1, '1.0 MiB'],
    [12 * 1024 ** 2, '12 MiB'],
    [3 * 1024 ** 6, '3072 PiB'],
  ])('writes %d bytes as %s', (count, text) => {
    expect(bytes(count)).toBe(text);
  });

  it.each([
    [-5, '0 s'],
    [0.4, '0 s'],
    [59.6, '1 min'],
    [61, '1 min 1 s'],
    [7380, '2 h 3 min'],
    [7201, '2 h'],
    [273600, '3 d 4 h'],
  ])('writes %d seconds as %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });

  it('shows the date of another day only', () => {
    const noon = new Date(2026, 10, 21, 12, 0, 0).getTime();
    expect(clockTime(new Date(2026, 10, 21, 9, 5, 7).toISOString(), noon)).toBe('09:05:07');
    expect(clockTime(new Date(2026, 10, 20, 9, 5, 7).toISOString(), noon)).toBe('2026-11-20 09:05:07');
  });
});

describe('styleFor', () => {
  it.each([
    [{ isTTY: true }, {}, true],
    [{ isTTY: false }, {}, false],
    [{}, {}, false],
    [{ isTTY: true }, { NO_COLOR: '1' }, false],
    [{ isTTY: true }, { NO_COLOR: '' }, true],
    [{ isTTY: true }, { TERM: 'dumb' }, false],
  ])('for %j with %j: colour %s', (stream, environment, coloured) => {
    expect(styleFor(stream, environment).good('x') !== 'x').toBe(coloured);
  });
});

describe('table', () => {
  it('keeps columns, counts characters, and leaves no space at the end', () => {
    expect(
      table(
        ['A', 'B'],
        [
          ['längst 🗼', ''],
          ['x', 'y'],
        ],
      ),
    ).toEqual(['A         B', 'längst 🗼', 'x         y']);
  });
});

describe('statusLines', () => {
  it('says when it tries again and why, and what went before', () => {
    const failure = { cause: 'peer-dead', lastSeenSecAgo: 57 } as const;
    const at = '2026-11-21T08:29:00.000Z';
    const tunnel = bare('reconnecting', {
      reconnect: { attempt: 2, nextAt: '2026-11-21T08:30:04.000Z', why: failure },
      lastEnd: { at, why: 'The gateway stopped answering.', failure },
      discarded: [{ kind: 'child', spi: 'c0ffee01', at, why: 'the connection ended' }],
    });
    const text = statusLines({ tunnels: [tunnel] }, now, plain).join('\n');
    for (const part of [
      /again +try 3 in 4 s$/m,
      /last end +.*: The gateway stopped answering\.$/m,
      /discarded +.* Child SA c0ffee01: the connection ended$/m,
    ])
      expect(text).toMatch(part);
    const trying = bare('reconnecting', { reconnect: { attempt: 2, nextAt: null, why: null } });
    expect(statusLines({ tunnels: [trying] }, now, plain).join('\n')).toMatch(/again +try 2 now$/m);
  });

  it('shows all that is known of a tunnel', () => {
    const text = statusLines({ tunnels: [CONNECTED] }, now, plain).join('\n');
    for (const part of [
      /^Work {2}connected since .* \(30 min\)$/m,
      /gateway +203\.0\.113\.1:4500 \(moon\.example\.org\)$/m,
      /addresses +10\.88\.0\.2, fd00::2$/m,
      /interface +adit0, MTU 1400$/m,
      /DNS +10\.99\.0\.1 for corp\.example \(systemd-resolved\)$/m,
      /NAT +on our side$/m,
      /path +192\.0\.2\.2:4500 to 203\.0\.113\.1:4500$/m,
      /life +heard 0 s ago, counts as dead after 57 s of silence$/m,
      /IKE +IKEv2 aes256-sha256-modp1024$/m,
      /SPIs 0011223344556677 \(ours\), 8899aabbccddeeff/,
      /new keys in 1 h 30 min, ends in 3 h 30 min$/m,
      /weak +modp1024/,
      /child +net: ESP tunnel aes256gcm16$/m,
      /10\.88\.0\.2\/32 to 0\.0\.0\.0\/0$/m,
      /in 1\.5 KiB \(12 packets\), out 12 MiB \(9000 packets\)$/m,
      /dropped: 3 replayed, 1 outside the selectors$/m,
      /^ +ends in 30 min$/m,
    ]) {
      expect(text).toMatch(part);
    }
  });

  it.each<[TunnelStatus['postQuantum'], string | undefined]>([
    [['ml-kem'], 'ML-KEM'],
    [['ppk'], 'pre-shared key (PPK)'],
    [['ml-kem', 'ppk'], 'ML-KEM, pre-shared key (PPK)'],
    [[], 'no'],
    // A helper before 1.5.
    [undefined, undefined],
  ])('shows what protects the keys against quantum computers: %j', (postQuantum, words) => {
    const tunnel = { ...CONNECTED, ...(postQuantum === undefined ? {} : { postQuantum }) };
    const text = statusLines({ tunnels: [tunnel] }, now, plain).join('\n');
    expect(/^ +post-quantum +(.*)$/m.exec(text)?.[1]).toBe(words);
  });

  it.each([
    [true, 'in UDP'],
    [false, 'as IP protocol 50'],
  ])('shows how ESP travels: encapsulated %s', (encapsulated, words) => {
    const children = CONNECTED.children.map((child) => ({ ...child, encapsulated }));
    const text = statusLines({ tunnels: [{ ...CONNECTED, children }] }, now, plain).join('\n');
    expect(text).toContain(`net: ESP tunnel aes256gcm16, ${words}\n`);
  });

  it('shows a failure with its remedy, and nothing where there is nothing', () => {
    const failed = bare('failed', { failure: { cause: 'timeout', seconds: 5 } });
    const lines = statusLines({ tunnels: [failed, bare('connecting', { step: 'IKE_AUTH' })] }, now, plain);
    expect(lines.slice(1, 4)).toEqual([
      '  The tunnel was not up within 5 seconds.',
      '  The gateway answers slowly or not at all.',
      '  Try: Give it more time with adit up --timeout, or see adit log for how far it came.',
    ]);
    expect(lines.at(-1)).toMatch(/^ {2}step +IKE_AUTH$/);
    expect(statusLines({ tunnels: [] }, now, plain)).toHaveLength(1);
  });

  it('writes what a gateway sent without letting it act', () => {
    const hostile = {
      ...CONNECTED,
      dns: { servers: ['1.2.3.4\u001b]0;x\u0007'], domains: ['a\nb'], backend: '\u202e' },
    };
    const text = statusLines({ tunnels: [hostile] }, now, plain).join('');
    expect(text).toContain('1.2.3.4\\u{1b}]0;x\\u{7} for a\\u{a}b (\\u{202e})');
  });
});
