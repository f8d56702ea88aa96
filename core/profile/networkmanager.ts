/**
 * Import of NetworkManager's keyfiles (nm-settings-keyfile(5)) with a VPN of the strongSwan plugin; those of others are
 * named in the refusal. Called by import.ts.
 */
import { toBase64 } from '#core/bytes/base64.ts';
import { utf8 } from '#core/bytes/bytes.ts';
import {
  Answers,
  answerSettings,
  ignore,
  type Item,
  type Row,
  sectionOf,
  type Table,
} from '#core/profile/answers.ts';
import { checkAddress, checkSelector, checkUser } from '#core/profile/check.ts';
import type { Companions } from '#core/profile/companions.ts';
import {
  accepted,
  checked,
  type Draft,
  encapsulation,
  finish,
  gatewayId,
  host,
  localId,
  newDraft,
  port,
  type Proof,
  takeProposals,
} from '#core/profile/draft.ts';
import { type IniSection, parseIni, trimmed } from '#core/profile/ini.ts';
import { type ImportedProfile, ImportError } from '#core/profile/profile.ts';
import { ASKED } from '#core/profile/reasons.ts';
import { readSwitch } from '#core/profile/swanctl-values.ts';
import { printable } from '#core/text/printable.ts';

export const looksLikeKeyfile = (text: string): boolean => /^\[(connection|vpn)\]\s*$/m.test(text);

const PREFIX = 'org.freedesktop.NetworkManager.';

/** Plugins that are not strongSwan's, and types of connections that have none. */
const OTHERS: Readonly<Record<string, string>> = {
  vpnc: 'Cisco’s IKEv1 (vpnc), which is kept for a later version of Adit',
  libreswan:
    'libreswan’s plugin: its keys are raw RSA or IKEv1’s, which Adit does not support; import the ipsec.conf in its place',
  openswan: 'IKEv1 of the openswan plugin, which is kept for a later version of Adit',
  openvpn: 'OpenVPN, which is no IPsec: use an OpenVPN client',
  wireguard: 'WireGuard, which is no IPsec: use a WireGuard client',
  pppoe: 'PPPoE, which is the line to an Internet provider and no IPsec; ask for an IKEv2 profile',
  pptp: 'PPTP, which is no IPsec and is broken; ask for an IKEv2 profile',
  l2tp: 'L2TP, which Adit does not speak; ask for an IKEv2 profile of the same gateway',
  sstp: 'SSTP, which is no IPsec; ask for an IKEv2 profile',
  openconnect: 'a VPN over TLS, which is no IPsec: use openconnect',
  fortisslvpn: 'a VPN over TLS, which is no IPsec; ask for an IKEv2 profile',
};

/** A profile from a keyfile. Throws ImportError. */
export function importKeyfile(name: string, text: string, companions: Companions): ImportedProfile[] {
  // To GLib the blanks behind a value are part of it. Of what is no secret they are a slip of whoever wrote it.
  const sections = parseIni(name, text)
    .map((section) => (section.name === 'vpn-secrets' ? section : trimmed(section)))
    .map(unescaped);
  const find = (wanted: string): ReadonlyMap<string, string> =>
    sections.find((section) => section.name === wanted)?.entries ?? new Map<string, string>();
  const [connection, vpn] = [find('connection'), find('vpn')];
  const service = vpn.get('service-type') ?? '';
  if (service !== `${PREFIX}strongswan`) throw refused(name, service || (connection.get('type') ?? ''));
  const answers = new Answers();
  const draft: KeyfileDraft = {
    ...newDraft(connection.get('id') ?? name, companions),
    // Without `virtual` no address is asked for.
    request: { ip4: false, ip6: false, dns: false },
    method: vpn.get('method') ?? 'eap',
    custom: readSwitch(vpn.get('proposal') ?? 'no') === true,
    password: find('vpn-secrets').get('password'),
  };
  for (const section of sections) answerSection(section, name, draft, answers);
  prove(draft, answers, name);
  return accepted([{ path: name, imported: finish(draft, answers, name), answers }]);
}

const ESCAPES: Readonly<Record<string, string>> = { s: ' ', n: '\n', t: '\t', r: '\r', '\\': '\\' };

/** Values as GLib's GKeyFile reads them, which NetworkManager writes by: `\\` is one backslash, `\s` a blank. */
const unescaped = (section: IniSection): IniSection => ({
  ...section,
  entries: new Map(
    [...section.entries].map(([key, value]) => [
      key,
      value.replace(/\\(.)/g, (whole, letter: string) => ESCAPES[letter] ?? whole),
    ]),
  ),
});

interface KeyfileDraft extends Draft {
  readonly method: string;
  /** `ike` and `esp` count only with `proposal=yes`. */
  readonly custom: boolean;
  readonly password: string | undefined;
}

function refused(name: string, service: string): ImportError {
  const plugin = service.startsWith(PREFIX) ? service.slice(PREFIX.length) : service;
  const what = Object.hasOwn(OTHERS, plugin)
    ? OTHERS[plugin]
    : `"${printable(plugin, 64)}", which Adit does not know`;
  return new ImportError(`${name}: this NetworkManager connection is for ${what}`);
}

function answerSection(
  { name, line, entries }: IniSection,
  file: string,
  draft: KeyfileDraft,
  answers: Answers,
): void {
  const place = `${file}:${line}`;
  if (name === 'vpn') answerSettings(sectionOf(entries, place), name, VPN, draft, answers);
  else if (name === 'vpn-secrets') answerSettings(sectionOf(entries, place), name, SECRETS, draft, answers);
  else
    answerSettings(
      sectionOf(entries, place),
      name,
      COMMON,
      draft,
      answers,
      ignore('NetworkManager’s own affair'),
    );
}

const PROOFS: Readonly<Record<string, { readonly proofs: readonly Proof[]; readonly tls?: boolean }>> = {
  eap: { proofs: ['eap'] },
  'eap-tls': { proofs: ['eap'], tls: true },
  psk: { proofs: ['psk'] },
  cert: { proofs: ['certificate'] },
  key: { proofs: ['certificate'] },
  agent: { proofs: ['certificate'] },
  smartcard: { proofs: ['certificate'] },
};

function prove(draft: KeyfileDraft, answers: Answers, place: string): void {
  const { method, local, secrets, password } = draft;
  const found = Object.hasOwn(PROOFS, method) ? PROOFS[method] : undefined;
  if (!found) {
    const known = Object.keys(PROOFS).join(', ');
    return answers.problem(place, 'vpn.method', `"${printable(method, 40)}" is not one of ${known}`);
  }
  local.proofs.push(...found.proofs);
  if (found.tls) local.methods.push('tls');
  if (method === 'psk' && local.user !== undefined && draft.local.localId === undefined)
    local.localId = local.user;
  if (password === undefined || password === '') return;
  const octets = toBase64(utf8(password));
  if (method === 'psk') secrets.psk = octets;
  else if (method === 'eap') secrets.password = octets;
  else if (secrets.privateKey !== undefined) secrets.privateKeyPassword = octets;
  else secrets.pkcs12Password = octets;
}

/** A path's last part among the files that came along. */
function file(
  take: (draft: Draft, found: ReturnType<Companions['find']> & object) => boolean,
): Row<KeyfileDraft> {
  return (item, draft) => {
    const found = draft.companions.find(item.value);
    if (found && take(draft, found)) return item.taken();
    const last = printable(item.value.split('/').at(-1) ?? '', 80);
    item.refused(`Adit opens no files: import ${last} together with this one`);
  };
}

const semicolons = (item: Item): string[] =>
  item.value
    .toLowerCase()
    .split(/[;,]/)
    .map((text) => text.trim().replaceAll('sha2_', 'sha'))
    .filter((text) => text !== '');

const proposals =
  (protocol: 'IKE' | 'ESP'): Row<KeyfileDraft> =>
  (item, { ike, child, custom }) => {
    if (!custom) return item.ignored('"proposal" is not on');
    takeProposals(item, protocol, ((protocol === 'IKE' ? ike : child).proposals ??= []), semicolons(item));
  };

const selectors =
  (side: 'local' | 'remote'): Row<KeyfileDraft> =>
  (item, { child }) => {
    const texts = semicolons(item).slice(0, 64);
    const problem = texts.flatMap((text) => checkSelector(side)(text) ?? [])[0];
    if (problem !== undefined) return item.problem(problem);
    if (side === 'local') child.localTs = texts;
    else child.remoteTs = texts;
    item.taken();
  };

const virtual: Row<KeyfileDraft> = (item, { request }) => {
  const on = item.switch();
  if (on === undefined) return;
  request.ip4 = on;
  request.ip6 = on;
  request.dns = on;
  item.taken();
};

const method: Row<KeyfileDraft> = (item) => {
  if (item.value === 'agent' || item.value === 'smartcard') {
    item.changed('keys in agents and on smartcards are not supported yet: give a PKCS#12 file');
  } else item.taken();
};

const VPN: Table<KeyfileDraft> = {
  'service-type': (item) => item.taken(),
  address: host,
  'server-port': port((draft, number) => (draft.gateway.port = number), 1),
  certificate: file(({ remote }, { certificates }) => {
    remote.ca.push(...certificates);
    return certificates.length > 0;
  }),
  'remote-identity': gatewayId,
  'local-identity': localId,
  method,
  'cert-source': ignore('the files that are imported along decide'),
  usercert: file(({ local, secrets }, { certificates, pkcs12 }) => {
    local.certificate ??= certificates[0];
    if (pkcs12 !== undefined) secrets.pkcs12 = pkcs12;
    return certificates.length > 0 || pkcs12 !== undefined;
  }),
  userkey: file(({ secrets }, { keys, pkcs12 }) => {
    secrets.privateKey ??= keys[0];
    if (pkcs12 !== undefined) secrets.pkcs12 = pkcs12;
    return keys.length > 0 || pkcs12 !== undefined;
  }),
  user: checked(checkUser, ({ local }, text) => (local.user = text)),
  'password-flags': ignore('Adit asks for what it does not have'),
  virtual,
  encap: encapsulation,
  ipcomp: (item) =>
    readSwitch(item.value) === true ? item.ignored('IPComp is not supported') : item.taken(),
  proposal: (item) => item.taken(),
  ike: proposals('IKE'),
  esp: proposals('ESP'),
  'local-ts': selectors('local'),
  'remote-ts': selectors('remote'),
};

const SECRETS: Table<KeyfileDraft> = { password: (item) => item.showing(undefined).taken() };

const servers: Row<KeyfileDraft> = (item, { dns }) => {
  const texts = semicolons(item);
  const problem = texts.flatMap((text) => checkAddress(text) ?? [])[0];
  if (problem !== undefined) return item.ignored(problem);
  dns.servers.push(...texts.slice(0, 8));
  item.taken();
};

/** Keys of the other sections that mean something to us. */
const COMMON: Table<KeyfileDraft> = {
  id: (item) => item.taken(),
  type: (item) => item.taken(),
  autoconnect: ignore(ASKED),
  dns: servers,
};
