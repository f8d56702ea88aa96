/**
 * Files made to break the importers: whatever comes in, a valid profile or an ImportError comes out. That nothing is
 * opened, run or fetched needs no test here: core/ cannot (test/unit/architecture.test.ts).
 */
import { readdirSync, readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from '#core/bytes/bytes.ts';
import { checkProfile } from '#core/profile/check.ts';
import { exportProfile } from '#core/profile/export.ts';
import { EXPORT_FORMATS, exportAs, ExportError } from '#core/profile/export-as.ts';
import { importFiles, MAX_FILE } from '#core/profile/import.ts';
import {
  ImportError,
  type Profile,
  type ProfileInput,
  profileSchema,
  reportEntrySchema,
  type Secrets,
  secretsSchema,
} from '#core/profile/profile.ts';
import { emptySection, parseSettings, type Section } from '#core/profile/swanctl-parser.ts';
import { printable } from '#core/text/printable.ts';

const FIXTURES = new URL('../fixtures/profiles/', import.meta.url).pathname;
const samples = readdirSync(FIXTURES, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && !entry.parentPath.includes('golden'))
  .map(({ parentPath, name }) => readFileSync(`${parentPath}/${name}`));

const ABOUT_A_SECOND = { numRuns: 100_000, interruptAfterTimeLimit: 1200 };

/** Whether everything that an import says can be shown as it is. */
const isShowable = (text: string): boolean => printable(text, 100_000) === text;

/** Names that the fixtures refer to. */
const NAMES = ['fuzz', 'alice.pem', 'alice.key'];

/** What became of `contents`: refused with words, or profiles that can be used. Throws for anything else. */
function handled(...contents: readonly Uint8Array[]): 'refused' | 'imported' {
  let imported;
  try {
    imported = importFiles(contents.map((content, at) => ({ name: NAMES[at] ?? 'fuzz', content })));
  } catch (error) {
    if (error instanceof ImportError && error.message.split('\n').every(isShowable)) return 'refused';
    throw error;
  }
  for (const { profile, secrets, report } of imported) {
    const problems = checkProfile(profileSchema.parse(profile));
    if (problems.length > 0) throw new Error(problems.join('\n'));
    secretsSchema.parse(secrets);
    for (const entry of report) {
      const { setting, value = '', reason = '' } = reportEntrySchema.parse(entry);
      if (!isShowable(setting + value + reason)) throw new Error(`${setting} = ${value} (${reason})`);
    }
  }
  return 'imported';
}

const OUTCOMES = ['refused', 'imported'];

/** A change of a file that keeps most of it. */
type Mutation = { readonly at: number; readonly remove: number; readonly insert: Uint8Array };

const insertion = fc.oneof(
  fc.uint8Array({ maxLength: 8 }),
  fc
    .constantFrom(
      ...'{ } = " # , : \n \\ 0x 0s % * / [ ] - %any dynamic include \u0000 \u202e'.split(' '),
      ' = ',
      'secret',
      'connections {',
      '}'.repeat(9),
    )
    .map((text) => utf8(text)),
);
const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(),
  remove: fc.nat({ max: 12 }),
  insert: insertion,
});

function mutate(sample: Uint8Array, mutations: readonly Mutation[]): Uint8Array {
  return mutations.reduce<Uint8Array>((octets, { at, remove, insert }) => {
    const from = at % (octets.length + 1);
    return Buffer.concat([octets.subarray(0, from), insert, octets.subarray(from + remove)]);
  }, sample);
}

describe('importFiles', () => {
  it('meets random octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (content) => {
        expect(OUTCOMES).toContain(handled(content));
      }),
      ABOUT_A_SECOND,
    );
  });

  it('meets mutated files', () => {
    const mutated = fc
      .tuple(fc.constantFrom(...samples), fc.array(mutation, { minLength: 1, maxLength: 6 }))
      .map(([sample, mutations]) => mutate(sample, mutations));
    fc.assert(
      fc.property(mutated, (content) => {
        expect(OUTCOMES).toContain(handled(content));
      }),
      ABOUT_A_SECOND,
    );
  });

  it('meets mutated files together', () => {
    const mutated = fc
      .tuple(fc.constantFrom(...samples), fc.array(mutation, { maxLength: 3 }))
      .map(([sample, mutations]) => mutate(sample, mutations));
    fc.assert(
      fc.property(mutated, mutated, mutated, (a, b, c) => {
        expect(OUTCOMES).toContain(handled(a, b, c));
      }),
      ABOUT_A_SECOND,
    );
  });

  it('ends soon over many connections beside many secrets and certificates', () => {
    const certificate = readFileSync(`${FIXTURES}swanctl-pem/ca.pem`, 'utf8');
    const secrets = utf8(': PSK x\n'.repeat(3900));
    const many = (count: number): Uint8Array =>
      utf8(
        Array.from({ length: count }, (_, at) => `conn c${at}\n right=gw.example\n authby=secret\n`).join(''),
      );
    expect(handled(many(60), utf8(certificate.repeat(60)), secrets)).toBe('imported');
    expect(handled(many(256), utf8(certificate.repeat(60)), secrets)).toBe('refused');
    expect(handled(many(4000), utf8(certificate.repeat(60)), secrets)).toBe('refused');
  });

  it('meets JSON of any shape under our own name', () => {
    const base = JSON.parse(readFileSync(`${FIXTURES}full.json`, 'utf8')) as object;
    const keys = [...Object.keys(base), '__proto__', 'constructor'];
    const patch = fc.dictionary(fc.constantFrom(...keys), fc.jsonValue());
    fc.assert(
      fc.property(patch, (change) => {
        expect(OUTCOMES).toContain(handled(utf8(JSON.stringify({ ...base, ...change }))));
      }),
      ABOUT_A_SECOND,
    );
  });

  it.each<[string, string]>([
    ['opening braces', 'connections {'],
    ['quotes', '"'],
    ['open quotes', 'a = "'],
    ['comments', '#'],
    ['colons', ':'],
    ['blanks', ' '],
    ['lines', '\n'],
    ['references', 'a : a, a { }\n'],
    ['short settings', 'a=1\n'],
    ['lists', 'connections,'],
    ['JSON braces', '{"a":'],
    ['JSON brackets', '{"a":[['],
    ['backslashes', 'a = "\\'],
    ['includes', 'include x\n'],
    ['secrets', 'x: PSK'],
    ['elements', '<a>'],
    ['elements with attributes', '<a b="c">'],
    ['open attributes', '<plist a="'],
    ['comments of XML', '<plist><!--'],
    ['closed comments', '<plist><!-- -->'],
    ['character data', '<![CDATA['],
    ['instructions', '<?x '],
    ['entities', '<plist>&lol;'],
    ['closing tags', '</plist>'],
    ['dictionaries', '<plist><dict><key>a</key>'],
    ['ends of tags', '<plist/>'],
    ['PEM beginnings', '-----BEGIN CERTIFICATE-----\n'],
    ['PEM blocks', '-----BEGIN A-----\n-----END A-----\n'],
    ['sections of a keyfile', '[vpn]\n'],
    ['entries of a phone book', 'PhoneNumber=a\n[x]\n'],
    ['connections', 'conn a\n also=a\n'],
    ['settings of ipsec.conf', 'conn a\n b=c\n'],
    ['secrets of ipsec', ': PSK x\n'],
    ['quotes of ipsec', 'conn a\n x="'],
  ])('ends soon over nothing but %s', (_name, piece) => {
    // Linear work takes milliseconds; quadratic work over 256 KiB runs into the time limit of the test.
    const flood = piece.repeat(Math.floor((MAX_FILE - 64) / utf8(piece).length));
    expect(handled(utf8(flood))).toBe('refused');
    expect(handled(utf8(`secrets { ike { secret = x } }\n${flood}`))).toBe('refused');
  });
});

const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&').replaceAll('\r', '\\r')}"`;

describe('the settings syntax', () => {
  const name = fc.stringMatching(/^[a-zA-Z0-9_.-]{1,8}$/).filter((text) => text !== 'include');
  interface Tree {
    readonly settings: Record<string, string>;
    readonly sections: Record<string, Tree>;
  }
  const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
    tree: fc.record({
      settings: fc.dictionary(name, fc.string({ unit: 'grapheme', maxLength: 12 }), { maxKeys: 4 }),
      sections: fc.oneof(
        { maxDepth: 4, depthIdentifier: 'tree' },
        fc.constant({}),
        fc.dictionary(name, tie('tree'), { maxKeys: 3, depthIdentifier: 'tree' }),
      ),
    }),
  }));

  const written = ({ settings, sections }: Tree): string =>
    [
      ...Object.entries(settings).map(([key, value]) => `${key} = ${quoted(value)} # remark`),
      ...Object.entries(sections).map(([key, inner]) => `${key} {\n${written(inner)}\n}`),
    ].join('\n');
  const read = ({ settings, sections }: Section): Tree => ({
    settings: Object.fromEntries([...settings].map(([key, { value }]) => [key, value])),
    sections: Object.fromEntries([...sections].map(([key, inner]) => [key, read(inner)])),
  });

  it('reads back what was written', () => {
    fc.assert(
      fc.property(tree, (wanted) => {
        const root = emptySection();
        parseSettings(written(wanted), 'f', root);
        expect(JSON.stringify(read(root))).toBe(JSON.stringify(wanted));
      }),
      { ...ABOUT_A_SECOND, numRuns: 2000 },
    );
  });
});

const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined });

describe('exportProfile', () => {
  const host = fc.constantFrom(
    'vpn.example.org',
    '203.0.113.1',
    '2001:db8::1',
    'xn--bcher-kva.example',
    'a_b',
  );
  const selector = fc.constantFrom('10.0.0.0/8', 'fd00::/64[udp/53]', '192.0.2.1-192.0.2.9', '0.0.0.0/0');
  const profile: fc.Arbitrary<ProfileInput> = fc.record({
    format: fc.constant('adit-profile' as const),
    version: fc.constant(1 as const),
    name: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((text) => text.trim() !== ''),
    gateway: fc.record(
      {
        addresses: fc.array(host, { minLength: 1, maxLength: 4 }),
        port: maybe(fc.integer({ min: 1, max: 65535 })),
        id: maybe(fc.constantFrom('moon.example.org', 'C=DE, CN=alice', 'keyid:0x01', '10.0.0.1')),
      },
      { requiredKeys: ['addresses'] },
    ),
    authentication: fc.record({
      method: fc.constant('psk' as const),
      localId: maybe(fc.constant('me@example.org')),
    }),
    ike: maybe(
      fc.record({
        proposals: maybe(fc.subarray(['aes256gcm16-prfsha384-ecp384', 'aes128-sha256-modp2048'])),
        lifetimeSec: maybe(fc.integer({ min: 60, max: 604800 })),
        encapsulation: maybe(fc.constantFrom('auto' as const, 'force' as const)),
        initialContact: maybe(fc.boolean()),
      }),
    ),
    child: maybe(
      fc.record({
        localTs: maybe(fc.constantFrom(['dynamic'], ['10.0.0.1', 'dynamic[tcp/22]'])),
        remoteTs: maybe(fc.array(selector, { minLength: 1, maxLength: 3 })),
        lifetimeBytes: maybe(fc.integer({ min: 1048576 })),
        replayWindow: maybe(fc.integer({ min: 0, max: 65536 })),
      }),
    ),
    request: maybe(fc.record({ ip4: fc.boolean(), ip6: fc.boolean(), dns: fc.boolean() })),
    dns: maybe(
      fc.record({ servers: fc.subarray(['10.0.0.53', 'fd00::53']), domains: fc.subarray(['example.org']) }),
    ),
    mtu: maybe(fc.integer({ min: 576, max: 9000 })),
  });

  it('keeps every profile through export and import, and writes it alike again', () => {
    fc.assert(
      fc.property(profile, (input) => {
        const complete = profileSchema.parse(input);
        const text = exportProfile(complete);
        const [imported] = importFiles([{ name: 'x', content: utf8(text) }]);
        expect(imported?.profile).toEqual(complete);
        expect(exportProfile(profileSchema.parse(imported?.profile))).toBe(text);
      }),
      { ...ABOUT_A_SECOND, numRuns: 2000 },
    );
  });
});

describe('exportAs', () => {
  const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 });
  const secret = maybe(
    fc.uint8Array({ minLength: 1, maxLength: 12 }).map((octets) => Buffer.from(octets).toString('base64')),
  );
  const inputs = fc.record({
    name: text.filter((name) => name.trim() !== ''),
    user: text,
    localId: text,
    method: fc.constantFrom('psk' as const, 'eap' as const),
    psk: secret,
    password: secret,
  });

  let trips = 0;

  /** What differs after the trip without being named. */
  function silentLosses(format: (typeof EXPORT_FORMATS)[number], from: Profile, secrets: Secrets): string[] {
    try {
      const { files, left } = exportAs(format, from, { secrets, uuid: () => 'u' });
      const [again] = importFiles(files);
      trips++;
      const named = new Set(left.map(({ setting }) => setting));
      const pairs: [string, unknown, unknown][] = [
        ['authentication.localId', from.authentication.localId, again?.profile.authentication.localId],
        ['psk', secrets.psk, again?.secrets.psk],
        ['password', secrets.password, again?.secrets.password],
      ];
      return pairs.filter(([name, a, b]) => a !== b && !named.has(name)).map(([name]) => name);
    } catch (error) {
      if (error instanceof ExportError) return [];
      throw error;
    }
  }

  it('loses nothing in silence, whatever the texts are', () => {
    fc.assert(
      fc.property(inputs, fc.constantFrom(...EXPORT_FORMATS), (input, format) => {
        const { name, user, localId, method, psk, password } = input;
        const parsed = profileSchema.safeParse({
          format: 'adit-profile',
          version: 1,
          name,
          gateway: { addresses: ['vpn.example.org'] },
          authentication: { method, localId, ...(method === 'eap' ? { user } : {}) },
        });
        fc.pre(parsed.success && checkProfile(parsed.data).length === 0);
        const secrets = secretsSchema.parse(method === 'psk' ? { psk } : { password });
        expect(parsed.success ? silentLosses(format, parsed.data, secrets) : []).toEqual([]);
      }),
      ABOUT_A_SECOND,
    );
    // Most texts can be said in some format.
    expect(trips).toBeGreaterThan(20);
  });
});
