/**
 * Import of ipsec.conf with ipsec.secrets, strongSwan's dialect and libreswan's: every IKEv2 connection becomes a
 * profile. The settings are rows in ipsec-conf-settings.ts. Called by import.ts.
 */
import { Answers, answerSettings } from '#core/profile/answers.ts';
import { checkHost } from '#core/profile/check.ts';
import { boundedCount } from '#core/profile/bounds.ts';
import type { Companions } from '#core/profile/companions.ts';
import { accepted, type Candidate, finish, newDraft } from '#core/profile/draft.ts';
import { type Conn, type Dialect, parseIpsecConf } from '#core/profile/ipsec-conf-parser.ts';
import { CONN } from '#core/profile/ipsec-conf-settings.ts';
import { type ConnDraft, proveConn } from '#core/profile/ipsec-conf-rows.ts';
import { takeIpsecPpk } from '#core/profile/ipsec-ppk.ts';
import {
  answerUnusedSecrets,
  type IpsecSecret,
  parseIpsecSecrets,
  takeIpsecSecrets,
} from '#core/profile/ipsec-secrets.ts';
import { type ImportedProfile, ImportError } from '#core/profile/profile.ts';
import type { TextFile } from '#core/profile/swanctl.ts';
import { gatewayItself } from '#core/profile/swanctl-child.ts';
import { printable } from '#core/text/printable.ts';

/** Profiles of the connections in `confs`, with their keys from `secretFiles`. Throws ImportError where there is none. */
export function importIpsecConf(
  confs: readonly TextFile[],
  secretFiles: readonly TextFile[],
  companions: Companions,
): ImportedProfile[] {
  const { conns, includes, others, dialect } = parseIpsecConf(confs);
  const names = confs.map(({ name }) => name).join(', ');
  if (conns.length === 0) {
    const included = includes.map(({ value }) => `; it includes ${printable(value, 80)}: import those files`);
    throw new ImportError(
      `${names || secretFiles[0]?.name}: there is no connection in it${included.join('')}`,
    );
  }
  boundedCount(names, conns.length);
  const secrets = secretFiles.flatMap(({ name, text }) => parseIpsecSecrets(name, text));
  const used = new Set<IpsecSecret>();
  const candidates = conns.map((conn) => importConn(conn, dialect, secrets, used, companions));
  const [first, ...rest] = accepted(candidates);
  if (!first) return [];
  const outside = new Answers();
  answerUnusedSecrets(secrets, used, outside);
  for (const [path, { value }] of others)
    outside.add('ignored', path, value, 'concerns the other client alone');
  for (const { value } of includes) {
    outside.add('refused', 'include', value, 'Adit opens no other files: give them to the same import');
  }
  return [{ ...first, report: [...first.report, ...outside.entries] }, ...rest];
}

function importConn(
  { name, settings }: Conn,
  dialect: Dialect,
  secrets: readonly IpsecSecret[],
  used: Set<IpsecSecret>,
  companions: Companions,
): Candidate {
  const answers = new Answers();
  const path = `conn.${printable(name, 64)}`;
  const draft: ConnDraft = {
    ...newDraft(name, companions),
    request: { ip4: false, ip6: false, dns: false },
    dialect,
    auth: {},
    postQuantum: {},
  };
  draft.child.name = printable(name, 64).slice(0, 64);
  answers.add('taken', path, dialect === 'libreswan' ? 'libreswan’s dialect' : 'strongSwan’s dialect');
  answerSettings(
    { settings: sided(settings), sections: new Map(), references: [], includes: [] },
    path,
    CONN,
    draft,
    answers,
  );
  proveConn(draft, answers, path);
  const ppks = takeIpsecPpk(draft, secrets, answers);
  if (!settings.has('right') && !settings.has('left')) {
    answers.problem('', `${path}.right`, 'is missing; expected the gateway, a host name or an address');
  }
  if (draft.child.remoteTs === undefined && draft.gateway.addresses.length > 0) {
    draft.child.remoteTs = gatewayItself(draft);
    const meant = `absent, so the gateway itself is meant: ${draft.child.remoteTs.join(', ')}`;
    answers.add('changed', `${path}.rightsubnet`, undefined, meant);
  }
  if (answers.problems.length === 0) {
    for (const secret of [...takeIpsecSecrets(secrets, draft, answers), ...ppks]) used.add(secret);
  }
  return { path, imported: finish(draft, answers, path), answers };
}

type Settings = Conn['settings'];

/** Left is us and right the gateway, unless only left names a host: then the sides change places. */
function sided(settings: Settings): Settings {
  const value = (key: string): string => settings.get(key)?.value ?? '';
  const isHost = (text: string): boolean =>
    text !== '' && !text.startsWith('%') && checkHost(text) === undefined;
  if (isHost(value('right')) || !isHost(value('left'))) return settings;
  const other: Readonly<Record<string, string>> = { left: 'right', right: 'left' };
  return new Map(
    [...settings].map(([key, setting]) => [
      key.replace(/^(left|right)/, (side) => other[side] ?? side),
      setting,
    ]),
  );
}
