/**
 * The fuzzer of the packet path (test/native/fuzz.cc) under AddressSanitizer and UndefinedBehaviorSanitizer: its
 * invariants hold, and core/esp judges every ESP packet as the native code did. ADIT_FUZZ_PACKETS asks for more than the
 * short run, ADIT_FUZZ_SEED for other packets.
 */
import { beforeAll, expect, it } from 'vitest';
import { ENCRYPTION_ROWS } from '#core/crypto/encryption.ts';
import { INTEGRITY_ROWS } from '#core/crypto/integrity.ts';
import type { ChildSa } from '#core/esp/child-sa.ts';
import { EspSa } from '#core/esp/sa.ts';
import { selector } from '#test/harness/esp-children.ts';
import { buildWith, runNative } from '#test/harness/sanitizers.ts';

const PACKETS = Number(process.env.ADIT_FUZZ_PACKETS ?? 300_000);
const SEED = Number(process.env.ADIT_FUZZ_SEED ?? 4);
/** core/esp is much slower; a session has 150 packets. */
const JUDGED = Math.ceil(PACKETS / 15);

beforeAll(async () => {
  await buildWith('address');
}, 300_000);

const LIMIT = 60_000 + PACKETS;

it('frames, ESP and datagrams with everything wrong break no invariant', { timeout: LIMIT }, async () => {
  const { code, stdout, stderr } = await runNative('address', 'fuzz', ['run', PACKETS, SEED], LIMIT - 1_000);
  console.info(`fuzz: seed ${SEED}, ${stdout.trim()}`);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const counted = JSON.parse(stdout) as Record<string, number>;
  expect(counted.packets).toBeGreaterThanOrEqual(PACKETS);
  // It reached every place: super-packets were cut, and each verdict was given often.
  expect(counted.packetsOut).toBeGreaterThan(PACKETS / 4);
  expect(counted.delivered).toBeGreaterThan(PACKETS / 4);
  // And senders were told that a packet is too big.
  expect(counted.answers).toBeGreaterThan(PACKETS / 5000);
  expect(counted.quoted).toBeGreaterThan(PACKETS / 5000);
  for (const verdict of ['accepted', 'replay', 'auth', 'malformed', 'dummies', 'expired']) {
    expect(counted[verdict]).toBeGreaterThan(PACKETS / 5000);
  }
});

it('core/esp gives every ESP packet the same verdict', { timeout: LIMIT }, async () => {
  const { code, stdout, stderr } = await runNative(
    'address',
    'fuzz',
    ['verdicts', JUDGED, SEED],
    LIMIT - 1_000,
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const met = new Map<string, number>();
  const disagreements: string[] = [];
  let sa: EspSa | undefined;
  let suite = '';
  for (const line of stdout.trimEnd().split('\n')) {
    const words = line.split(' ');
    if (words[0] === 'sa') {
      suite = line;
      sa = openSa(words.slice(1));
      continue;
    }
    const [verdict, inner, esp] = words as [string, string, string];
    const result = sa?.inbound(Buffer.from(esp, 'hex'));
    const packet = result?.reason === 'ok' ? Buffer.from(result.packet).toString('hex') : '-';
    if (result?.reason !== verdict || packet !== inner) {
      disagreements.push(`${suite}\n${line}\ncore/esp: ${result?.reason} ${packet}`);
    }
    met.set(verdict, (met.get(verdict) ?? 0) + 1);
  }
  expect(disagreements.slice(0, 3)).toEqual([]);
  expect([...met.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(JUDGED);
  expect([...met.keys()].sort()).toEqual(['auth', 'dummy', 'expired', 'malformed', 'ok', 'replay']);
});

const EVERYTHING = [selector('0.0.0.0/0'), selector('::/0')];
const SPI = 0x2002;

/** The line `sa` of the fuzzer: see printSession in fuzz.cc. */
function openSa(words: readonly string[]): EspSa {
  const [encryptionId, integrityId, esn, key, integrityKey, window, last, bytes, packets] = words as [
    ...(readonly [string, string, string, string, string, string, string, string, string]),
  ];
  const octets = (hex: string) => new Uint8Array(Buffer.from(hex === '-' ? '' : hex, 'hex'));
  const keys = { encryption: octets(key), integrity: octets(integrityKey) };
  const encryption = ENCRYPTION_ROWS.find(
    ({ id, keyBytes, saltBytes }) =>
      id === Number(encryptionId) && keyBytes + saltBytes === keys.encryption.length,
  );
  const integrity = INTEGRITY_ROWS.find(({ id }) => id === Number(integrityId));
  if (!encryption) throw new Error(`no encryption ${encryptionId}`);
  const child: ChildSa = {
    spiIn: SPI,
    spiOut: SPI,
    mode: 'tunnel',
    suite: { encryption, ...(integrity && { integrity }), esn: esn === '1' },
    keysIn: keys,
    keysOut: keys,
    replayWindow: Number(window),
    localTs: EVERYTHING,
    remoteTs: EVERYTHING,
    encapsulation: 'udp',
    hardLimit: {
      ...(bytes !== '-' && { bytes: BigInt(bytes) }),
      ...(packets !== '-' && { packets: BigInt(packets) }),
    },
  };
  const sa = new EspSa(child, (length) => new Uint8Array(length));
  sa.startAfter(BigInt(last), BigInt(last));
  return sa;
}
