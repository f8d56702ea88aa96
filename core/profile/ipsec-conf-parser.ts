/**
 * The syntax of ipsec.conf(5), which strongSwan and libreswan share: sections begin in the first column, settings are
 * indented, `also` and `conn %default` inherit. Text to settings, and the dialect told from them; `include` is only noted.
 * Called by ipsec-conf.ts.
 */
import type { Setting } from '#core/profile/swanctl-parser.ts';
import { ImportError } from '#core/profile/profile.ts';
import { printable } from '#core/text/printable.ts';

export type Dialect = 'strongswan' | 'libreswan';

export interface Conn {
  readonly name: string;
  readonly settings: Map<string, Setting>;
  readonly also: { readonly name: string; readonly place: string }[];
}

interface IpsecConf {
  /** Without `%default`, inherited settings filled in. */
  readonly conns: readonly Conn[];
  readonly includes: readonly Setting[];
  /** `config setup` and `ca` sections: `setup.uniqueids` and its like. */
  readonly others: readonly (readonly [string, Setting])[];
  readonly dialect: Dialect;
}

/** Bounds that no honest file meets. */
const MAX_LINES = 20_000;
const MAX_ALSO = 64;
const MAX_COPIES = 20_000;

export const looksLikeIpsecConf = (text: string): boolean =>
  /^(conn[ \t]+\S|config[ \t]+setup\b)/m.test(text);

/** Keys that only libreswan has, or whose values only it writes. */
const LIBRESWAN =
  /^[ \t]+(ikev2|phase2(alg)?|salifetime|ipsec-lifetime|encapsulation|narrowing|modecfgpull|modecfgdns|modecfgdomains|sha2-truncbug|cisco-unity|ms-dh-downgrade|ipsec-interface|(left|right)(modecfgclient|modecfgserver|rsasigkey|ckaid|autheap|xauthclient|xauthserver))[ \t]*=|^version[ \t]+2|\blibreswan\b|\bpluto/im;
const STRONGSWAN =
  /^[ \t]+(keyexchange[ \t]*=[ \t]*ikev[12]|(left|right)(auth2?|sourceip|firewall|sendcert|ca|dns|hostaccess)|eap_identity|aaa_identity|forceencaps|closeaction|reauth)[ \t]*=|\bstrongswan\b/im;

function dialectOf(text: string): Dialect {
  return LIBRESWAN.test(text) && !STRONGSWAN.test(text.replace(LIBRESWAN, '')) ? 'libreswan' : 'strongswan';
}

/** Throws ImportError with the line. */
export function parseIpsecConf(
  files: readonly { readonly name: string; readonly text: string }[],
): IpsecConf {
  const conns = new Map<string, Conn>();
  const includes: Setting[] = [];
  const others: (readonly [string, Setting])[] = [];
  const dialect = dialectOf(files.map(({ text }) => text).join('\n'));
  for (const { name: file, text } of files) {
    const lines = text.split(/\r?\n/);
    if (lines.length > MAX_LINES) throw new ImportError(`${file}: more than ${MAX_LINES} lines`);
    let conn: Conn | undefined;
    let other: string | undefined;
    for (const [at, raw] of lines.entries()) {
      const place = `${file}:${at + 1}`;
      const line = withoutComment(raw).trimEnd();
      if (line === '') continue;
      const [, key = '', value = ''] = /^\s+([^\s=]{1,64})\s*=\s*(.*)$/.exec(line) ?? [];
      if (key !== '') {
        const setting = { value: unquoted(value, dialect), place };
        if (conn) addSetting(conn, key.toLowerCase(), setting);
        else if (other !== undefined) others.push([`${other}.${key}`, setting]);
        else throw new ImportError(`${place}: this setting stands outside of any section`);
        continue;
      }
      const [, type = '', name = ''] = /^(\S+)(?:\s+(.*))?$/.exec(line) ?? [];
      if (type === 'include') {
        includes.push({ value: name, place });
      } else if (type === 'conn' && name !== '') {
        conn = conns.get(name) ?? { name, settings: new Map(), also: [] };
        conns.set(name, conn);
      } else if (type === 'config' || type === 'ca') {
        conn = undefined;
        other = type === 'config' ? 'setup' : `ca.${name}`;
      } else if (type !== 'version') {
        throw new ImportError(`${place}: expected "conn", "config setup" or an indented "key = value"`);
      }
    }
  }
  return { conns: inherit(conns), includes, others, dialect };
}

/** A `#` begins a comment at the beginning or after a blank, outside of quotes. */
function withoutComment(line: string): string {
  let quoted = false;
  for (let at = 0; at < line.length; at++) {
    if (line[at] === '"') quoted = !quoted;
    if (line[at] === '#' && !quoted && (at === 0 || /\s/.test(line[at - 1] ?? ''))) return line.slice(0, at);
  }
  return line;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** Only strongSwan has escapes, and only in quotes. */
function unquoted(value: string, dialect: Dialect): string {
  const text = value.trim();
  const [, inner] = /^"(.*)"$/.exec(text) ?? [];
  if (inner === undefined || dialect === 'libreswan') return inner ?? text;
  return inner.replace(/\\(.)/g, (_, letter: string) => ESCAPES[letter] ?? letter);
}

function addSetting(conn: Conn, key: string, setting: Setting): void {
  if (key === 'also') conn.also.push({ name: setting.value, place: setting.place });
  else conn.settings.set(key, setting);
}

/** What a conn says itself counts before what it takes from `also`, and that before `%default`. */
function inherit(conns: ReadonlyMap<string, Conn>): Conn[] {
  const budget = { left: MAX_COPIES };
  const usual = conns.get('%default');
  const templates = new Set([...conns.values()].flatMap(({ also }) => also.map(({ name }) => name)));
  return [...conns.values()]
    .filter(({ name, settings }) => name !== '%default' && !(templates.has(name) && !settings.has('auto')))
    .map((conn) => {
      const settings = new Map<string, Setting>();
      collect(conn, conns, settings, [], budget);
      if (usual) collect(usual, conns, settings, [], budget);
      return { ...conn, settings };
    });
}

function collect(
  conn: Conn,
  conns: ReadonlyMap<string, Conn>,
  into: Map<string, Setting>,
  under: readonly Conn[],
  budget: { left: number },
): void {
  budget.left -= 1 + conn.settings.size;
  if (budget.left < 0 || under.length > MAX_ALSO) {
    throw new ImportError('the references between connections ("also") multiply beyond any use');
  }
  for (const [key, setting] of conn.settings) if (!into.has(key)) into.set(key, setting);
  for (const { name, place } of conn.also) {
    const target = conns.get(name);
    if (!target)
      throw new ImportError(`${place}: there is no connection "${printable(name, 64)}" to take from`);
    if (target === conn || under.includes(target)) {
      throw new ImportError(`${place}: the reference to "${printable(name, 64)}" leads back to itself`);
    }
    collect(target, conns, into, [...under, conn], budget);
  }
}
