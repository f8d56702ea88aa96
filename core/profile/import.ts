/**
 * Files to profiles. The format is told by what is in a file; its name serves messages only. The helper calls this
 * with octets that a client sent: nothing here can open, run or fetch anything.
 */
import { decodeUtf8 } from '#core/bytes/utf8.ts';
import { importAditJson, parseJson } from '#core/profile/adit-json.ts';
import { bounded } from '#core/profile/bounds.ts';
import { type ImportedProfile, ImportError } from '#core/profile/profile.ts';
import { importSwanctl, looksLikeSwanctl, type TextFile } from '#core/profile/swanctl.ts';
import { printable } from '#core/text/printable.ts';

/** Octets in one file. */
export const MAX_FILE = 256 * 1024;

const SUPPORTED = 'Adit imports its own JSON profiles and strongSwan’s swanctl.conf';

/** Formats that people will try, to be named in the refusal. */
const FOREIGN: readonly { readonly what: string; readonly looks: RegExp }[] = [
  { what: 'an Apple configuration profile', looks: /<!DOCTYPE plist|<plist\b/i },
  { what: 'a Windows VPN ProfileXML', looks: /<VPNProfile\b/i },
  { what: 'an ipsec.conf', looks: /^(conn[ \t]+\S|config[ \t]+setup\b)/m },
  { what: 'an ipsec.secrets file', looks: /^[^#\n]*:[ \t]*(PSK|RSA|ECDSA|P12|EAP|XAUTH)\b/m },
  { what: 'a NetworkManager connection', looks: /^\[(connection|vpn)\]\s*$/m },
  { what: 'a Cisco .pcf profile', looks: /^\[main\]\s*$/im },
  { what: 'a Windows phone book', looks: /^(PhoneNumber|VpnStrategy)=/m },
  { what: 'a PEM certificate or key', looks: /^-----BEGIN /m },
];

/** DER, thus perhaps a certificate or PKCS#12: a SEQUENCE with a long length (X.690 §8.1). */
const isDer = (content: Uint8Array): boolean => content[0] === 0x30 && (content[1] ?? 0) > 0x80;

/**
 * The profiles that `files` hold together; all or none. Throws ImportError, whose message has a line for every
 * problem and names the file, the place, what is wrong and what was expected.
 */
export function importFiles(
  files: readonly { readonly name: string; readonly content: Uint8Array }[],
): ImportedProfile[] {
  const texts = files.map(({ name, content }) => toText(printable(name, 80), content));
  const swanctl = texts.filter(({ text }) => isSwanctl(text));
  const others = texts.filter(({ text }) => !isSwanctl(text)).map(importOne);
  return bounded([...others, ...(swanctl.length > 0 ? importSwanctl(swanctl) : [])]);
}

const isJson = (text: string): boolean => /^\s*\{/.test(text);
const isSwanctl = (text: string): boolean => !isJson(text) && looksLikeSwanctl(text);

function toText(name: string, content: Uint8Array): TextFile {
  if (content.length > MAX_FILE) {
    throw new ImportError(
      `${name}: ${content.length} bytes are too many for a profile; expected at most ${MAX_FILE}`,
    );
  }
  if (isDer(content)) throw foreign(name, 'a certificate or key container');
  const marked = content[0] === 0xef && content[1] === 0xbb && content[2] === 0xbf;
  const text = decodeUtf8(marked ? content.subarray(3) : content);
  if (text === undefined) throw new ImportError(`${name}: this is not UTF-8 text. ${SUPPORTED}`);
  return { name, text };
}

function importOne({ name, text }: TextFile): ImportedProfile {
  if (!isJson(text)) {
    const format = FOREIGN.find(({ looks }) => looks.test(text));
    if (format) throw foreign(name, format.what);
    throw new ImportError(`${name}: this is no profile that Adit knows. ${SUPPORTED}`);
  }
  const value = parseJson(name, text);
  if (typeof value === 'object' && value !== null && 'uuid' in value && 'remote' in value) {
    throw foreign(name, 'a profile of the strongSwan Android app');
  }
  return importAditJson(name, value);
}

function foreign(name: string, what: string): ImportError {
  return new ImportError(`${name}: this is ${what}, which is not supported yet. ${SUPPORTED}`);
}
