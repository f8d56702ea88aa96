/**
 * ipsec.secrets of strongSwan and libreswan: `selectors : TYPE value`. Finds what a connection needs and answers for the
 * rest; a value never reaches a report. Facts: ipsec.secrets(5) of both. Called by ipsec-conf.ts.
 */
import { toBase64 } from '#core/bytes/base64.ts';
import { utf8 } from '#core/bytes/bytes.ts';
import type { Answers } from '#core/profile/answers.ts';
import type { Draft } from '#core/profile/draft.ts';
import { ImportError } from '#core/profile/profile.ts';
import { rankOf } from '#core/profile/swanctl-secrets.ts';
import { readSecret } from '#core/profile/swanctl-values.ts';
import { printable } from '#core/text/printable.ts';

export const looksLikeIpsecSecrets = (text: string): boolean =>
  /^[^#\n:]{0,512}(:|[^#\n]{0,512}[ \t]:)[ \t]*(PSK|PPKS|RSA|ECDSA|PKCS8|P12|EAP|XAUTH|NTLM|PIN|BLISS)\b/m.test(
    text,
  );

export interface IpsecSecret {
  readonly file: string;
  readonly line: number;
  readonly owners: readonly string[];
  readonly type: string;
  /** The words behind the type. */
  readonly values: readonly Word[];
}

interface Word {
  readonly text: string;
  /** In quotes a secret is its text, whatever it begins with. */
  readonly isQuoted: boolean;
}

/** Lines that no honest file has. */
const MAX_LINES = 4000;

/** Types that hold files, and what their second word is. */
const KEYS = new Set(['RSA', 'ECDSA', 'PKCS8', 'P12', 'BLISS']);
const LINE = /^(.*?)(?:^|\s):\s*([A-Za-z0-9]+)\b[ \t]*(.*)$/;

/** Secrets in their order. Lines that begin with a blank go on with the one before, as in `{ … }` of raw RSA keys. */
export function parseIpsecSecrets(file: string, text: string): IpsecSecret[] {
  const lines = text.split(/\r?\n/);
  if (lines.length > MAX_LINES) throw new ImportError(`${file}: more than ${MAX_LINES} lines`);
  return lines.flatMap((raw, at): IpsecSecret[] => {
    if (/^\s*(#|$)/.test(raw) || raw.length > 8192) return [];
    const [, owners = '', type = '', rest = ''] = LINE.exec(raw.replace(/^[ \t]+/, '')) ?? [];
    return type === ''
      ? []
      : [
          {
            file,
            line: at + 1,
            owners: words(owners).map(({ text }) => text),
            type: type.toUpperCase(),
            values: words(rest),
          },
        ];
  });
}

/** Words between spaces and tabs, and no other blanks; a word that begins with a quote goes to the next one. A comment ends them. */
function words(line: string): Word[] {
  const found: Word[] = [];
  for (const [, double, single, bare] of line.matchAll(/"([^"]*)"|'([^']*)'|([^ \t"'][^ \t]*)/g)) {
    if (bare?.startsWith('#') === true) break;
    found.push({ text: double ?? single ?? bare ?? '', isQuoted: bare === undefined });
  }
  return found;
}

/** base64; undefined where a prefix promises too much. */
function octetsOf({ text, isQuoted }: Word): string | undefined {
  const octets = isQuoted ? utf8(text) : readSecret(text);
  return octets && toBase64(octets);
}

/** Undefined where there is none, or an empty one. */
const keyOf = ({ values: [word] }: IpsecSecret): string | undefined => (word && octetsOf(word)) || undefined;

/** Of a PPKS line: the PPK_ID and base64 of the key behind it; undefined of any other. */
export function ppkOf({
  type,
  values: [id, key],
}: IpsecSecret): { readonly id: string; readonly octets: string } | undefined {
  const octets = type === 'PPKS' && key ? octetsOf(key) : undefined;
  return id && octets ? { id: id.text, octets } : undefined;
}

/** What `draft` needs, into its secrets. Answers for them and returns them. */
export function takeIpsecSecrets(
  secrets: readonly IpsecSecret[],
  draft: Draft,
  answers: Answers,
): IpsecSecret[] {
  const { gateway, local, remote, secrets: into } = draft;
  const owners = {
    local: local.localId,
    remote: gateway.id === undefined ? gateway.addresses : [gateway.id],
  };
  const hasKey = local.proofs.includes('certificate') || local.methods.includes('tls');
  const used: IpsecSecret[] = [];
  const take = (secret: IpsecSecret, reason?: string): void => {
    used.push(secret);
    answers.add('taken', pathOf(secret), undefined, reason);
  };
  if (local.proofs[0] === 'psk' || remote.proof === 'psk') {
    const ranked = secrets
      .filter((secret) => secret.type === 'PSK' && keyOf(secret) !== undefined)
      .map((secret) => ({ secret, rank: rankOf(secret.owners, owners) ?? -1 }))
      .sort((a, b) => b.rank - a.rank);
    const [best] = ranked;
    if (best && best.rank >= 0) {
      into.psk = keyOf(best.secret);
      take(best.secret);
    }
  }
  for (const secret of secrets) {
    const [path, password] = secret.values;
    if (secret.type === 'EAP' && local.proofs.includes('eap') && into.password === undefined) {
      const mine =
        secret.owners.length === 0 || secret.owners.some((id) => id === local.user || id === '%any');
      if (mine && keyOf(secret) !== undefined) {
        into.password = keyOf(secret);
        take(secret);
      }
    } else if (KEYS.has(secret.type) && path !== undefined && hasKey) {
      const found = draft.companions.find(path.text);
      // `%prompt` is asked for.
      const opener = password && password.text !== '%prompt' ? octetsOf(password) : undefined;
      if (found?.pkcs12 !== undefined && into.pkcs12 === undefined) {
        into.pkcs12 = found.pkcs12;
        if (opener !== undefined) into.pkcs12Password = opener;
        take(secret);
      } else if (found?.keys[0] !== undefined && into.privateKey === undefined) {
        into.privateKey = found.keys[0];
        if (opener !== undefined) into.privateKeyPassword = opener;
        take(secret);
      }
    }
  }
  return used;
}

export const pathOf = ({ file, line, owners, type }: IpsecSecret): string =>
  `${file}:${line}: ${printable([...owners, ':', type].join(' '), 128)}`;

/** Answers for what no connection took. */
export function answerUnusedSecrets(
  secrets: readonly IpsecSecret[],
  used: ReadonlySet<IpsecSecret>,
  answers: Answers,
): void {
  for (const secret of secrets) {
    if (used.has(secret)) continue;
    const [path] = secret.values;
    if (KEYS.has(secret.type) && path !== undefined) {
      const last = printable(path.text.split('/').at(-1) ?? '', 80);
      answers.add(
        'refused',
        pathOf(secret),
        undefined,
        `Adit opens no files: import ${last} together with this one`,
      );
    } else if (secret.type === 'XAUTH') {
      answers.add('ignored', pathOf(secret), undefined, 'XAuth belongs to IKEv1, which is not supported yet');
    } else {
      answers.add('ignored', pathOf(secret), undefined, 'no imported connection uses this secret');
    }
  }
}
