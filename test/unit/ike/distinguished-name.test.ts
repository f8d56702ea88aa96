/** Distinguished names as text and DER (RFC 4514): read, written, compared. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '#core/bytes/bytes.ts';
import {
  equalDistinguishedName,
  formatDistinguishedName,
  parseDistinguishedName,
} from '#core/ike/distinguished-name.ts';

const der = (text: string): Uint8Array => {
  const name = parseDistinguishedName(text);
  if (!name) throw new Error(`${text} is refused`);
  return name;
};

/** C=DE, O=Firm, CN=alice: the three attributes as PrintableString, by hand from X.690. */
const ALICE =
  '302c310b30090603550406130244453 10d300b060355040a13044669726d310e300c0603550403 1305616c696365'.replaceAll(
    ' ',
    '',
  );

describe('DER of a name', () => {
  it('is what X.690 says', () => {
    expect(toHex(der('C=DE, O=Firm, CN=alice'))).toBe(ALICE);
  });

  it('is read as OpenSSL writes it', () => {
    // openssl req -utf8 -subj '/C=DE/O=Müller, Söhne \\+ Co/OU=R\\/D/CN=alice/emailAddress=a@b.example'
    const theirs = fromHex(
      '3066310b3009060355040613024445311d301b060355040a0c144dc3bc6c6c65722c2053c3b6686e65202b20436f310c300a060355' +
        '040b0c03522f44310e300c06035504030c05616c696365311a301806092a864886f70d010901160b6140622e6578616d706c65',
    );
    const ours = 'C=DE, O=Müller\\, Söhne \\+ Co, OU=R/D, CN=alice, E=a@b.example';
    expect(formatDistinguishedName(theirs)).toBe(ours);
    // Only the string types differ: OpenSSL writes UTF8String where we write PrintableString.
    expect(der(ours)).not.toEqual(theirs);
    expect(equalDistinguishedName(theirs, der(ours))).toBe(true);
  });

  it('sorts the members of a multi-valued part', () => {
    expect(der('CN=alice+OU=Sales')).toEqual(der('OU=Sales+CN=alice'));
    expect(formatDistinguishedName(der('CN=alice+OU=Sales'))).toBe('CN=alice+OU=Sales');
  });
});

describe('text of a name', () => {
  it.each([
    ['/C=DE/O=Firm/CN=alice', 'C=DE, O=Firm, CN=alice'],
    ['c=DE,o=Firm,cn=alice', 'C=DE, O=Firm, CN=alice'],
    ['CN = alice ; O = Firm', 'CN=alice, O=Firm'],
    ['CN="a, b"', 'CN=a\\, b'],
    ['CN=a\\, b', 'CN=a\\, b'],
    ['CN=a\\3db', 'CN=a\\=b'],
    ['CN=\\23x', 'CN=\\#x'],
    ['CN=x\\ ', 'CN=x\\20'],
    ['CN=Z\\C3\\BCrich', 'CN=Zürich'],
    ['DC=example, DC=com', 'DC=example, DC=com'],
    ['1.2.3.4.5=x', '1.2.3.4.5=x'],
    ['2.999.3=x', '2.999.3=x'],
    ['2.5.4.3=x', 'CN=x'],
    ['emailAddress=a@b', 'E=a@b'],
    ['CN=#0c0161', 'CN=a'],
    ['CN=#04020102', 'CN=#04020102'],
  ])('%s is %s', (text, canonical) => {
    expect(formatDistinguishedName(der(text))).toBe(canonical);
    expect(equalDistinguishedName(der(canonical), der(text))).toBe(true);
  });

  it.each([
    '',
    'alice',
    'CN=',
    'CN',
    'XX=a',
    '=a',
    'CN=a,',
    'CN="a',
    'CN=a\\',
    '3.1=a',
    '1.40=a',
    'CN=#',
    'CN=#0c',
    'CN=#0c0261',
    'CN=\\ff',
  ])('"%s" is refused', (text) => {
    expect(parseDistinguishedName(text)).toBeUndefined();
  });

  it('escapes what a terminal would obey', () => {
    const name = der('CN=a\\0d\\0a\\1b[2Jb\\e2\\80\\ae');
    expect(formatDistinguishedName(name)).toBe('CN=a\\0d\\0a\\1b[2Jb\\e2\\80\\ae');
    expect(der(formatDistinguishedName(name) ?? '')).toEqual(name);
  });

  it('reads old string types', () => {
    expect(cnOf('14024dfc')).toBe('CN=Mü');
    expect(cnOf('1e04004d00fc')).toBe('CN=Mü');
    expect(cnOf('1e034d00fc')).toBe('CN=#1e034d00fc');
    expect(cnOf('0c01ff')).toBe('CN=#0c01ff');
    expect(cnOf('1301ff')).toBe('CN=#1301ff');
  });

  it('goes there and back for any value', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', minLength: 1 }),
        fc.constantFrom('CN', 'O', 'DC', '1.2.3'),
        (value, type) => {
          // Half a surrogate pair has no UTF-8.
          fc.pre(value.isWellFormed());
          const hex = Buffer.from(value).toString('hex').replaceAll(/../g, '\\$&');
          const name = der(`${type}=${hex}, C=DE`);
          const text = formatDistinguishedName(name) ?? '';
          expect(text).not.toMatch(/[\p{Cc}\p{Cf}]/u);
          expect(der(text)).toEqual(name);
        },
      ),
    );
  });
});

/** The text of a name with one CN whose value has this DER. */
const cnOf = (value: string): string | undefined =>
  formatDistinguishedName(fromHex(wrap(0x30, wrap(0x31, wrap(0x30, `0603550403${value}`)))));

function wrap(tag: number, content: string): string {
  return tag.toString(16).padStart(2, '0') + (content.length / 2).toString(16).padStart(2, '0') + content;
}

describe('names that are none', () => {
  it.each([
    ['empty', ''],
    ['cut off', ALICE.slice(0, -2)],
    ['longer than its length', `${ALICE}00`],
    ['an indefinite length', '3080'],
    ['a length that is not minimal', '308100'],
    ['not a sequence', '3100'],
    ['an empty set', '30023100'],
    ['an attribute without value', '300930073105300306010 0'.replaceAll(' ', '')],
    ['an empty OID', '300a31083006060013024445'],
    ['an OID cut off', '300c310a3008060255840 c0161'.replaceAll(' ', '')],
    ['the octets of AOSP', '1010101010'],
  ])('%s', (_, hex) => {
    expect(formatDistinguishedName(fromHex(hex.length % 2 ? `${hex}0` : hex))).toBeUndefined();
  });

  it('equal only themselves', () => {
    expect(equalDistinguishedName(fromHex('1010'), fromHex('1010'))).toBe(true);
    expect(equalDistinguishedName(fromHex('1010'), fromHex('1011'))).toBe(false);
    expect(equalDistinguishedName(fromHex(ALICE), fromHex('1011'))).toBe(false);
  });

  it('print safely or not at all, and never throw', () => {
    const mutated = fc
      .tuple(fc.nat(45), fc.integer({ min: 0, max: 255 }))
      .map(([at, octet]) => fromHex(ALICE).map((old, i) => (i === at ? octet : old)));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), mutated), (bytes) => {
        const text = formatDistinguishedName(bytes);
        expect(text ?? '').not.toMatch(/[\p{Cc}\p{Cf}]/u);
        expect(equalDistinguishedName(bytes, bytes)).toBe(true);
        expect(equalDistinguishedName(bytes, fromHex('30')) && bytes.length > 1).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('comparison of names', () => {
  it.each([
    ['C=DE, CN=Alice', 'c=de, cn=ALICE'],
    ['CN=a  b', 'CN= a b '],
    ['CN=#0c0161', 'CN=#130161'],
    ['CN=a+OU=b', 'OU=B+CN=A'],
    ['CN=#1e0200fc', 'CN=Ü'],
  ])('%s equals %s', (a, b) => {
    expect(equalDistinguishedName(der(a), der(b))).toBe(true);
  });

  it.each([
    ['C=DE, CN=alice', 'CN=alice, C=DE'],
    ['CN=alice', 'OU=alice'],
    ['CN=alice', 'CN=alice, OU=x'],
    ['CN=alice', 'CN=alice+OU=x'],
    ['CN=alice', 'CN=alicia'],
    ['CN=#04020102', 'CN=#04020103'],
  ])('%s differs from %s', (a, b) => {
    expect(equalDistinguishedName(der(a), der(b))).toBe(false);
  });
});
