/**
 * Takes out of a text what tells who somebody is and where they connect to; each thing gets a stand-in with a number, the
 * same wherever it stands, so that the text can still be followed. Two ways together: what the profiles and the status
 * name is taken out wherever it stands, and what looks like an identity, a name or a public address, too. Pure.
 */
import { parseIp } from '#core/net/address.ts';
import { PASSED_ON } from '#electron/bridge-contract.ts';

/** What can be left in if a person says so. */
export const CATEGORIES = ['users', 'paths', 'gateways', 'profiles'] as const;
export type Category = (typeof CATEGORIES)[number];

/** What is known to belong to a category, from fields that hold nothing else. */
export type KnownTerms = Readonly<Record<'users' | 'gateways' | 'profiles', ReadonlySet<string>>>;

const STAND_INS: Readonly<Record<Category, string>> = {
  users: 'user',
  paths: 'home',
  gateways: 'gateway',
  profiles: 'profile',
};

/** Stand-ins travel as single characters of the private use area, so that no later rule finds anything in them. */
const FIRST_MARK = 0xe000;
const MARKS = 6000;
const MARK = /[\ue000-\uf8ff]/g;

interface Rule {
  readonly category: Category;
  readonly pattern: RegExp;
  /** Leaves what it answers false for. */
  readonly counts?: (found: string) => boolean;
}

const word = String.raw`\p{L}\p{N}_`;

/** Before what is known: the whole of it is what tells. */
const WHOLE: readonly Rule[] = [
  { category: 'users', pattern: /[^\s@"'<>()[\]{},;:=|/\\]+@[^\s@"'<>()[\]{},;|/\\]+/gu },
  // A name in a certificate (RFC 4514); whose it is, nobody can tell.
  { category: 'users', pattern: /(?<=\b(?:CN|UID|E|emailAddress|SN|GN)=)(?:[^,+"/\ue000-\uf8ff]|\\,)+/gu },
  { category: 'paths', pattern: /(?<=\/(?:home|Users)\/)[^/\s"':;,)\]]+/gu },
  { category: 'paths', pattern: /(?<=\\Users\\)[^\\\s"':;,)\]]+/gu },
];

/** What looks like a name or an address of the network. */
const LOOKS: readonly Rule[] = [
  {
    category: 'gateways',
    pattern: /(?<![\w:.])(?:[\da-f]*:){2,8}(?:\d{1,3}(?:\.\d{1,3}){3}|[\da-f]*)/giu,
    counts: isPublic,
  },
  { category: 'gateways', pattern: /(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d)/gu, counts: isPublic },
  {
    category: 'gateways',
    pattern: new RegExp(
      String.raw`(?<![${word}.-])(?:[${word}-]+\.)+(?:xn--[a-z\d-]+|\p{L}{2,})(?![${word}])`,
      'giu',
    ),
    counts: isHost,
  },
];

/** Dotted words of our own: calls of the contract, and files whose ending is no domain. */
const OURS: ReadonlySet<string> = new Set([...PASSED_ON, 'status.get', 'profiles.list', 'events.subscribe']);
const FILES = /\.(sock|socket|json|log|ts|js|mjs|cjs|conf|pem|node|service|txt|mobileconfig|sswan)$/i;
const isSingle = (name: string): boolean => name.split('.').length === 2;

function isHost(name: string): boolean {
  return !OURS.has(name) && !(isSingle(name) && FILES.test(name));
}

/** Ranges that say nothing about whom one talks to: RFC 6890, multicast, and what is no address at all. */
function isPublic(text: string): boolean {
  const address = parseIp(text);
  if (!address) return text.includes('::') || text.split(':').length === 8;
  const [a = 0, b = 0] = address;
  if (address.length === 4) {
    return !(
      [0, 10, 127].includes(a) ||
      a >= 224 ||
      (a === 172 && b >= 16 && b < 32) ||
      (a === 192 && b === 168) ||
      (a === 169 && b === 254) ||
      (a === 100 && b >= 64 && b < 128)
    );
  }
  const isLow = address.slice(0, 15).every((octet) => octet === 0) && (address[15] ?? 0) <= 1;
  const isLocal = a === 0xfe && (b & 0xc0) === 0x80;
  return !(isLow || isLocal || (a & 0xfe) === 0xfc || a === 0xff);
}

/** A term of one character is a letter like any other. */
const LEAST_TERM = 2;

export class Redactor {
  readonly #kept: ReadonlySet<Category>;
  readonly #terms: RegExp | undefined;
  readonly #categories = new Map<string, Category>();
  /** By category and what it stands for. */
  readonly #marks = new Map<string, string>();
  readonly #standIns: string[] = [];
  readonly #counts = new Map<Category, number>();

  constructor(known: KnownTerms, kept: ReadonlySet<Category> = new Set()) {
    this.#kept = kept;
    for (const category of ['profiles', 'users', 'gateways'] as const) {
      if (kept.has(category)) continue;
      for (const term of known[category]) {
        const plain = withoutMarks(term).trim();
        if (plain.length >= LEAST_TERM) this.#categories.set(plain.toLowerCase(), category);
      }
    }
    const longestFirst = [...this.#categories.keys()].toSorted((one, other) => other.length - one.length);
    if (longestFirst.length > 0) {
      const any = longestFirst.map((term) => term.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`)).join('|');
      this.#terms = new RegExp(`(?<![\\p{L}\\p{N}])(?:${any})(?![\\p{L}\\p{N}])`, 'giu');
    }
  }

  text(given: string): string {
    let text = withoutMarks(given);
    for (const rule of WHOLE) text = this.#apply(rule, text);
    if (this.#terms) {
      text = text.replace(this.#terms, (found) => {
        const category = this.#categories.get(found.toLowerCase()) ?? 'gateways';
        return this.#mark(category, found);
      });
    }
    for (const rule of LOOKS) text = this.#apply(rule, text);
    return text.replace(MARK, (mark) => this.#standIns[mark.charCodeAt(0) - FIRST_MARK] ?? '[…]');
  }

  /** Every text in it; keys are our own. */
  value(given: unknown): unknown {
    if (typeof given === 'string') return this.text(given);
    if (Array.isArray(given)) return given.map((one) => this.value(one));
    if (typeof given === 'object' && given !== null)
      return Object.fromEntries(Object.entries(given).map(([key, one]) => [key, this.value(one)]));
    return given;
  }

  #apply({ category, pattern, counts }: Rule, text: string): string {
    if (this.#kept.has(category)) return text;
    return text.replace(pattern, (found) =>
      counts === undefined || counts(found) ? this.#mark(category, found) : found,
    );
  }

  #mark(category: Category, found: string): string {
    const key = `${category} ${found.toLowerCase()}`;
    const known = this.#marks.get(key);
    if (known !== undefined) return known;
    const count = (this.#counts.get(category) ?? 0) + 1;
    this.#counts.set(category, count);
    const at = Math.min(this.#standIns.length, MARKS);
    // More different things than there are marks share the last one.
    this.#standIns[at] = at === MARKS ? '[…]' : `[${STAND_INS[category]} ${count}]`;
    const mark = String.fromCharCode(FIRST_MARK + at);
    this.#marks.set(key, mark);
    return mark;
  }
}

const withoutMarks = (text: string): string => text.replace(MARK, '?');
