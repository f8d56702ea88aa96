/**
 * Post-quantum pre-shared keys (RFC 8784) of libreswan: `ppk` and `ppk-ids` in ipsec.conf, PPKS lines in ipsec.secrets. Facts:
 * its option table and its reader of secrets. Called by ipsec-conf.ts.
 */
import type { Answers } from '#core/profile/answers.ts';
import { checkPpkId } from '#core/profile/check.ts';
import type { ConnDraft } from '#core/profile/ipsec-conf-rows.ts';
import { type IpsecSecret, pathOf, ppkOf } from '#core/profile/ipsec-secrets.ts';
import { printable } from '#core/text/printable.ts';

/** Whether a key is required; `undefined` where none is used. Whoever begins a connection proposes one with `permit`, too. */
const WISHES: ReadonlyMap<string, boolean | undefined> = new Map([
  ['no', undefined],
  ['never', undefined],
  ['yes', false],
  ['permit', false],
  ['propose', false],
  ['insist', true],
  ['always', true],
]);

/**
 * The key that `ppk` and `ppk-ids` mean, into the draft: of several the first that is there. Without `ppk-ids` it is the
 * first in the files. Answers for both settings and returns the secrets that were used.
 */
export function takeIpsecPpk(
  draft: ConnDraft,
  secrets: readonly IpsecSecret[],
  answers: Answers,
): IpsecSecret[] {
  const { wish, ids } = draft.postQuantum;
  const word = wish?.value.toLowerCase() ?? 'never';
  if (!WISHES.has(word)) {
    wish?.problem('expected "no", "propose" or "insist"');
    return [];
  }
  const required = WISHES.get(word);
  if (required === undefined) {
    wish?.taken();
    ids?.ignored('"ppk" is not on');
    return [];
  }
  const keys = secrets.flatMap((secret) => {
    const key = ppkOf(secret);
    return key ? [{ secret, ...key }] : [];
  });
  const named = (ids?.value ?? '').split(/[,\s]+/).filter((text) => text !== '');
  const key = ids ? named.flatMap((id) => keys.find((one) => one.id === id) ?? [])[0] : keys[0];
  const id = key?.id ?? named[0];
  if (id === undefined) {
    if (required) wish?.problem('names no key; expected ppk-ids, or a line with PPKS in ipsec.secrets');
    else wish?.ignored('neither ppk-ids nor ipsec.secrets names a key');
    return [];
  }
  const problem = checkPpkId(id);
  if (problem !== undefined) {
    (ids ?? wish)?.problem(problem);
    return [];
  }
  draft.ppk.id = id;
  draft.ppk.required = required;
  wish?.taken();
  if (named.length > 1) ids?.changed(`one key alone: ${printable(id, 80)}`);
  else ids?.taken();
  if (!key) return [];
  draft.secrets.ppk = key.octets;
  answers.add('taken', pathOf(key.secret));
  return [key.secret];
}
