/**
 * Files to profiles. The format is told by what is in a file; its name serves messages, and to find a certificate that
 * another file names. The helper calls this with octets that a client sent: nothing here can open, run or fetch anything.
 */
import { decodeUtf8 } from '#core/bytes/utf8.ts';
import { importAditJson, parseJson } from '#core/profile/adit-json.ts';
import { bounded } from '#core/profile/bounds.ts';
import { shapeOf } from '#core/profile/certificate-shape.ts';
import { signedContent } from '#core/profile/cms-content.ts';
import { type Companion, Companions } from '#core/profile/companions.ts';
import { importIpsecConf } from '#core/profile/ipsec-conf.ts';
import { looksLikeIpsecConf } from '#core/profile/ipsec-conf-parser.ts';
import { looksLikeIpsecSecrets } from '#core/profile/ipsec-secrets.ts';
import { importMobileconfig, looksLikePlist } from '#core/profile/mobileconfig.ts';
import { importKeyfile, looksLikeKeyfile } from '#core/profile/networkmanager.ts';
import { importPhoneBook, looksLikePhoneBook } from '#core/profile/pbk.ts';
import { looksLikePem, readDer, readPem } from '#core/profile/pem.ts';
import { type ImportedProfile, ImportError, type ReportEntry } from '#core/profile/profile.ts';
import { importProfileXml, looksLikeProfileXml } from '#core/profile/profilexml.ts';
import { importSswan, looksLikeSswan } from '#core/profile/sswan.ts';
import { importSwanctl, looksLikeSwanctl, type TextFile } from '#core/profile/swanctl.ts';
import { printable } from '#core/text/printable.ts';

/** Octets in one file. */
export const MAX_FILE = 256 * 1024;

const SUPPORTED =
  'Adit imports its own JSON, .sswan, .mobileconfig, swanctl.conf, ipsec.conf, NetworkManager keyfiles, .pbk and ProfileXML, with .p12 and .pem files beside them';

/** Formats that people will try and that are not imported, to be named in the refusal. */
const FOREIGN: readonly { readonly what: string; readonly looks: RegExp }[] = [
  { what: 'a Cisco .pcf profile for IKEv1, which is kept for a later version', looks: /^\[main\]\s*$/im },
  {
    what: 'an OpenVPN profile, which is no IPsec: use an OpenVPN client',
    looks: /^(remote\s+\S+(\s+\d+)?|client|dev\s+tun\d*)\s*$/m,
  },
  { what: 'a WireGuard profile, which is no IPsec: use a WireGuard client', looks: /^\[Interface\]\s*$/m },
];

/** What a file is, once its octets are understood. */
type Content =
  | { readonly kind: 'companion'; readonly companion: Companion }
  | { readonly kind: 'json'; readonly name: string; readonly value: unknown }
  | { readonly kind: TextKind; readonly file: TextFile; readonly signed: boolean };

/** Formats of one text each, in the order in which they are tried. */
const READERS = {
  plist: { looks: looksLikePlist, read: readPlist },
  profileXml: {
    looks: looksLikeProfileXml,
    read: ({ name, text }: TextFile, companions: Companions) => importProfileXml(name, text, companions),
  },
  // Before the keyfile: people call an entry `[vpn]`.
  phoneBook: {
    looks: looksLikePhoneBook,
    read: ({ name, text }: TextFile, companions: Companions) => importPhoneBook(name, text, companions),
  },
  keyfile: {
    looks: looksLikeKeyfile,
    read: ({ name, text }: TextFile, companions: Companions) => importKeyfile(name, text, companions),
  },
} as const;

function readPlist({ name, text }: TextFile, companions: Companions, signed: boolean): ImportedProfile[] {
  return importMobileconfig(name, text, signed, companions);
}

/** Formats whose files belong together, before the others where they look alike. */
const GROUPS = {
  ipsecConf: looksLikeIpsecConf,
  ipsecSecrets: looksLikeIpsecSecrets,
  swanctl: looksLikeSwanctl,
} as const;

type ReaderKind = keyof typeof READERS;
type TextKind = ReaderKind | keyof typeof GROUPS;

const kindOf = (text: string): TextKind | undefined => {
  const readers = (Object.keys(READERS) as ReaderKind[]).find((kind) => READERS[kind].looks(text));
  return readers ?? (Object.keys(GROUPS) as (keyof typeof GROUPS)[]).find((kind) => GROUPS[kind](text));
};

/**
 * The profiles that `files` hold together; all or none. Throws ImportError, whose message has a line for every
 * problem and names the file, the place, what is wrong and what was expected.
 */
export function importFiles(
  files: readonly { readonly name: string; readonly content: Uint8Array }[],
): ImportedProfile[] {
  const contents = files.map(({ name, content }) => understand(printable(name, 80), content, false));
  const companions = new Companions(
    contents.flatMap((one) => (one.kind === 'companion' ? one.companion : [])),
  );
  const texts = (kind: TextKind): TextFile[] =>
    contents.flatMap((one) => ('file' in one && one.kind === kind ? one.file : []));
  const [confs, secrets] = [texts('ipsecConf'), texts('ipsecSecrets')];
  const swanctl = texts('swanctl');
  const imported = [
    ...contents.flatMap((one) => importOne(one, companions)),
    ...(confs.length + secrets.length > 0 ? importIpsecConf(confs, secrets, companions) : []),
    ...(swanctl.length > 0 ? importSwanctl(swanctl, companions) : []),
  ];
  const [first, ...others] = imported;
  if (!first) throw alone(companions);
  return bounded([{ ...first, report: [...first.report, ...unusedEntries(companions)] }, ...others]);
}

function importOne(content: Content, companions: Companions): ImportedProfile[] {
  if (content.kind === 'companion') return [];
  if (content.kind === 'json') {
    const { name, value } = content;
    return looksLikeSswan(value) ? importSswan(name, value, companions) : [importAditJson(name, value)];
  }
  const { kind, file, signed } = content;
  return kind in READERS ? READERS[kind as ReaderKind].read(file, companions, signed) : [];
}

const alone = ({ files }: Companions): ImportError =>
  new ImportError(
    `${files.map(({ name }) => name).join(', ')}: certificates and keys alone name no gateway; import them together with a profile`,
  );

const unusedEntries = (companions: Companions): ReportEntry[] =>
  companions.unused.map(({ name }) => ({
    outcome: 'ignored',
    setting: name,
    reason: 'no imported profile needs this file',
  }));

/** `signed` where `content` came out of a CMS wrapper, which may not hold another. */
function understand(name: string, content: Uint8Array, signed: boolean): Content {
  if (content.length > MAX_FILE) {
    throw new ImportError(
      `${name}: ${content.length} bytes are too many for a profile; expected at most ${MAX_FILE}`,
    );
  }
  const startsLikeDer = content[0] === 0x30 && (content[1] ?? 0) >= 0x80;
  if (startsLikeDer && !signed) return understandDer(name, content);
  const marked = content[0] === 0xef && content[1] === 0xbb && content[2] === 0xbf;
  const text = decodeUtf8(marked ? content.subarray(3) : content);
  if (text === undefined || text.startsWith(BINARY_PLIST)) throw notText(name, content);
  if (/^\s*\{/.test(text)) return { kind: 'json', name, value: parseJson(name, text) };
  const kind = kindOf(text);
  if (kind) return { kind, file: { name, text }, signed };
  if (looksLikePem(text)) return { kind: 'companion', companion: readPem(name, text) };
  const format = FOREIGN.find(({ looks }) => looks.test(text));
  if (format) throw new ImportError(`${name}: this is ${format.what}. ${SUPPORTED}`);
  throw new ImportError(`${name}: this is no profile that Adit knows. ${SUPPORTED}`);
}

function understandDer(name: string, content: Uint8Array): Content {
  const inner = signedContent(content);
  if (inner) return understand(name, inner, true);
  if (shapeOf(content) === 'cms') {
    throw new ImportError(
      `${name}: this file is encrypted or its content is elsewhere; expected a profile, signed at most`,
    );
  }
  return { kind: 'companion', companion: readDer(name, content) };
}

/** The binary form of property lists begins with its name. */
const BINARY_PLIST = 'bplist';

function notText(name: string, content: Uint8Array): ImportError {
  const start = String.fromCharCode(...content.subarray(0, BINARY_PLIST.length));
  if (start === BINARY_PLIST) {
    return new ImportError(
      `${name}: this is a binary property list; convert it first: plutil -convert xml1 ${name}, or plistutil`,
    );
  }
  return new ImportError(`${name}: this is not UTF-8 text; save it as UTF-8 first. ${SUPPORTED}`);
}
