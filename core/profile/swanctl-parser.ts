/**
 * The settings syntax of strongswan.conf(5), which swanctl.conf shares: nested sections, `key = value`, quotes,
 * comments, references to other sections. Purely text to tree: nothing is looked up, and `include` is only noted,
 * for swanctl.ts to refuse by name. Facts: the manual pages strongswan.conf(5) and swanctl.conf(5).
 *
 *     section  := name [":" name ("," name)*] "{" (section | key "=" value | "include" pattern)* "}"
 *     value    := up to the end of the line, "#" or "}"; parts in quotes keep spaces, lines and \n \r \t \"
 */
import { ImportError } from '#core/profile/profile.ts';
import { printable } from '#core/text/printable.ts';

export interface Setting {
  readonly value: string;
  /** `swanctl.conf:12`, for messages. */
  readonly place: string;
}

export interface Section {
  readonly settings: Map<string, Setting>;
  readonly sections: Map<string, Section>;
  /** Absolute names of sections to inherit from, in order. */
  readonly references: { readonly name: string; readonly place: string }[];
  /** Patterns of `include` statements in this section. */
  readonly includes: Setting[];
}

/** Bounds that no honest file meets. */
const MAX_DEPTH = 16;
const MAX_STATEMENTS = 5000;

export function emptySection(): Section {
  return { settings: new Map(), sections: new Map(), references: [], includes: [] };
}

/**
 * Adds what `text` says to `root`: sections extend those of the same name, later values replace earlier ones (so
 * several files add up as if one included the other). Throws ImportError with the line.
 */
export function parseSettings(text: string, fileName: string, root: Section): void {
  new Parser(text, fileName).statements(root, 0);
}

/** Characters that end a name; `:` and `,` too, except the pair `::`, which stands for one colon. */
const NAME_END = /[#{}="\s,:]/;
const BLANK = new Set([' ', '\t', '\r']);
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

class Parser {
  readonly #text: string;
  readonly #fileName: string;
  #at = 0;
  #line = 1;
  #statements = 0;

  constructor(text: string, fileName: string) {
    this.#text = text;
    this.#fileName = printable(fileName, 80);
  }

  /** Up to the closing brace of `section`, or the end of the text at depth 0. */
  statements(section: Section, depth: number): void {
    if (depth > MAX_DEPTH) throw this.#error(`sections are nested deeper than ${MAX_DEPTH}`);
    for (;;) {
      this.#skipSpace();
      const next = this.#text[this.#at];
      if (next === undefined) {
        if (depth > 0) throw this.#error('the file ends inside a section: a "}" is missing');
        return;
      }
      if (next === '}') {
        if (depth === 0) throw this.#error('this "}" closes no section');
        this.#at++;
        return;
      }
      this.#statements++;
      if (this.#statements > MAX_STATEMENTS) throw this.#error(`more than ${MAX_STATEMENTS} settings`);
      this.#statement(section, depth);
    }
  }

  #statement(section: Section, depth: number): void {
    const place = this.#place();
    const name = this.#name();
    this.#skipBlank();
    const next = this.#text[this.#at];
    if (name === 'include' && next !== undefined && !'={:\n'.includes(next)) {
      section.includes.push({ value: this.#value(), place });
    } else if (next === '=') {
      this.#at++;
      section.settings.set(name, { value: this.#value(), place });
    } else {
      const references = this.#references();
      this.#skipSpace();
      if (this.#text[this.#at] !== '{') {
        throw this.#error(`expected "=" or "{" after ${quote(name)}, found ${this.#found()}`);
      }
      this.#at++;
      const inner = section.sections.get(name) ?? emptySection();
      section.sections.set(name, inner);
      inner.references.push(...references);
      this.statements(inner, depth + 1);
    }
  }

  /** `: a, b.c` after a section's name. */
  #references(): Section['references'] {
    const references: Section['references'] = [];
    if (this.#text[this.#at] !== ':') return references;
    do {
      this.#at++;
      this.#skipSpace();
      const place = this.#place();
      references.push({ name: this.#name(), place });
      this.#skipBlank();
    } while (this.#text[this.#at] === ',');
    return references;
  }

  #name(): string {
    let name = '';
    for (;;) {
      const next = this.#text[this.#at];
      if (next === ':' && this.#text[this.#at + 1] === ':') {
        name += ':';
        this.#at += 2;
      } else if (next === undefined || NAME_END.test(next)) {
        break;
      } else {
        name += next;
        this.#at++;
      }
    }
    if (name === '') throw this.#error(`expected a name, found ${this.#found()}`);
    return name;
  }

  /** Parts are joined by one space each, whatever stood between them. */
  #value(): string {
    const parts: string[] = [];
    for (;;) {
      this.#skipBlank();
      const next = this.#text[this.#at];
      if (next === undefined || next === '\n' || next === '#' || next === '}') return parts.join(' ');
      parts.push(next === '"' ? this.#quoted() : this.#bare());
    }
  }

  #bare(): string {
    const start = this.#at;
    while (this.#at < this.#text.length && !'#}"\n\r\t '.includes(this.#text[this.#at] as string)) this.#at++;
    return this.#text.slice(start, this.#at);
  }

  #quoted(): string {
    const opened = this.#place();
    const parts: string[] = [];
    this.#at++;
    for (;;) {
      const next = this.#text[this.#at];
      if (next === undefined) throw new ImportError(`${opened}: the quoted text that begins here has no end`);
      this.#at++;
      if (next === '"') return parts.join('');
      if (next === '\n') this.#line++;
      if (next !== '\\') {
        if (next !== '\r') parts.push(next);
        continue;
      }
      if (this.#text.startsWith('\r\n', this.#at)) this.#at++;
      const escaped = this.#text[this.#at];
      if (escaped === undefined) continue;
      this.#at++;
      // A line that ends in a backslash goes on in the next.
      if (escaped === '\n') this.#line++;
      else parts.push(ESCAPES[escaped] ?? escaped);
    }
  }

  #skipBlank(): void {
    while (BLANK.has(this.#text[this.#at] as string)) this.#at++;
  }

  /** Blanks, lines and comments. */
  #skipSpace(): void {
    for (;;) {
      this.#skipBlank();
      const next = this.#text[this.#at];
      if (next === '\n') {
        this.#line++;
        this.#at++;
      } else if (next === '#') {
        const end = this.#text.indexOf('\n', this.#at);
        this.#at = end < 0 ? this.#text.length : end;
      } else {
        return;
      }
    }
  }

  #place(): string {
    return `${this.#fileName}:${this.#line}`;
  }

  #found(): string {
    const next = this.#text[this.#at];
    if (next === undefined) return 'the end of the file';
    return next === '\n' ? 'the end of the line' : quote(next);
  }

  #error(problem: string): ImportError {
    return new ImportError(`${this.#place()}: ${problem}`);
  }
}

const quote = (text: string): string => `"${printable(text, 64)}"`;
