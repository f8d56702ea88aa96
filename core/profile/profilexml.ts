/**
 * Import of Windows' ProfileXML (the VPNv2 configuration service provider): the native IKEv2 profile becomes one of
 * ours; plug-ins and other protocols are named in the refusal. Facts: Microsoft's "VPNv2 CSP". Called by import.ts.
 */
import {
  Answers,
  answerSettings,
  ignore,
  refuse,
  type Row,
  sectionOf,
  type Table,
} from '#core/profile/answers.ts';
import { checkAddress, checkDomain, checkHost, checkProposal, checkSelector } from '#core/profile/check.ts';
import type { Companions } from '#core/profile/companions.ts';
import { accepted, type Draft, finish, newDraft } from '#core/profile/draft.ts';
import { type ImportedProfile, ImportError } from '#core/profile/profile.ts';
import { takeEap } from '#core/profile/profilexml-eap.ts';
import { AGAIN, DEMAND } from '#core/profile/reasons.ts';
import { type Element, leafTexts, named, parseElement } from '#core/profile/xml.ts';
import { printable } from '#core/text/printable.ts';

export const looksLikeProfileXml = (text: string): boolean => /<VPNProfile\b/i.test(text);

/** A profile from ProfileXML. Throws ImportError. */
export function importProfileXml(name: string, text: string, companions: Companions): ImportedProfile[] {
  const root = parseElement(name, text);
  if (root.name !== 'VPNProfile') throw new ImportError(`${name}: expected a <VPNProfile> at the top`);
  const [native] = named(root, 'NativeProfile');
  if (!native) throw new ImportError(`${name}: ${pluginSentence(root)}`);
  const answers = new Answers();
  const title = named(root, 'ProfileName')[0]?.text;
  const draft = newDraft(title || name.replace(/\.xml$/i, '') || 'profile', companions);
  const routes = named(root, 'Route');
  const special = new Set([
    ...routes,
    ...named(root, 'DomainNameInformation'),
    ...named(root, 'TrafficFilter'),
  ]);
  const plain = { ...root, children: root.children.filter((child) => !special.has(child)) };
  answerSettings(sectionOf(withoutEap(plain), name), '', PROFILE, draft, answers);
  takeEap(native, draft, answers, name);
  takeSuite(native, draft, answers, name);
  takeRoutes(routes, native, draft, answers);
  takeNames(named(root, 'DomainNameInformation'), draft, answers);
  if (named(root, 'TrafficFilter').length > 0) {
    answers.add('ignored', 'TrafficFilter', undefined, 'filters for single programs are not supported yet');
  }
  if (draft.local.proofs.length === 0 && answers.problems.length === 0) {
    answers.problem(
      name,
      'NativeProfile.Authentication',
      'is missing; expected UserMethod Eap or MachineMethod Certificate',
    );
  }
  return accepted([{ path: name, imported: finish(draft, answers, name), answers }]);
}

function pluginSentence(root: Element): string {
  const [plugin] = named(root, 'PluginProfile');
  const maker = plugin && named(plugin, 'PluginPackageFamilyName')[0]?.text;
  return maker === undefined
    ? 'there is no <NativeProfile> in it, so no IKEv2 connection'
    : `this profile is for the app ${printable(maker, 80)}, whose protocol Adit does not know; ask for a native IKEv2 profile`;
}

/** Leaves but those below EAP's configuration, which has a language of its own. */
const withoutEap = (root: Element): [string, string][] =>
  leafTexts(root).filter(([path]) => !/\.Eap\.|\.CryptographySuite\./.test(path));

const CIPHERS: Readonly<Record<string, string>> = {
  DES3: '3des',
  AES128: 'aes128',
  AES192: 'aes192',
  AES256: 'aes256',
  AES_128: 'aes128',
  AES_196: 'aes192',
  AES_256: 'aes256',
  AES_GCM_128: 'aes128gcm16',
  AES_GCM_256: 'aes256gcm16',
  GCMAES128: 'aes128gcm16',
  GCMAES192: 'aes192gcm16',
  GCMAES256: 'aes256gcm16',
};
const HASHES: Readonly<Record<string, string>> = {
  SHA196: 'sha1',
  SHA256128: 'sha256',
  SHA1: 'sha1',
  SHA256: 'sha256',
  SHA384: 'sha384',
};
const GROUPS: Readonly<Record<string, string>> = {
  None: '',
  Group1: 'modp768',
  Group2: 'modp1024',
  Group14: 'modp2048',
  PFS1: 'modp768',
  PFS2: 'modp1024',
  PFS2048: 'modp2048',
  ECP256: 'ecp256',
  ECP384: 'ecp384',
  PFSMM: '',
  PFS24: 'modp2048s256',
  Group24: 'modp2048s256',
};

/** CryptographySuite: one proposal for each of IKE and ESP. */
function takeSuite(native: Element, draft: Draft, answers: Answers, place: string): void {
  const [suite] = named(native, 'CryptographySuite');
  if (!suite) return;
  const word = (name: string, table: Readonly<Record<string, string>>): string => {
    const text = named(suite, name)[0]?.text ?? '';
    const found = Object.hasOwn(table, text) ? table[text] : undefined;
    if (found === undefined && !/GCM/.test(text)) {
      answers.problem(
        place,
        `NativeProfile.CryptographySuite.${name}`,
        `"${printable(text, 40)}" is not supported`,
      );
    }
    return found ?? '';
  };
  const aead = (cipher: string): boolean => cipher.includes('gcm');
  const ikeCipher = word('EncryptionMethod', CIPHERS);
  const ikeHash = word('IntegrityCheckMethod', HASHES);
  const espCipher = word('CipherTransformConstants', CIPHERS);
  const espHash = aead(espCipher) ? '' : word('AuthenticationTransformConstants', HASHES);
  const texts = [
    ['IKE', [ikeCipher, aead(ikeCipher) ? `prf${ikeHash}` : ikeHash, word('DHGroup', GROUPS)]],
    ['ESP', [espCipher, espHash, word('PfsGroup', GROUPS)]],
  ] as const;
  if (answers.problems.length > 0) return;
  for (const [protocol, words] of texts) {
    const text = words.filter((part) => part !== '').join('-');
    const problem = checkProposal(protocol)(text);
    if (problem !== undefined) {
      answers.problem(place, 'NativeProfile.CryptographySuite', problem);
      continue;
    }
    if (protocol === 'IKE') draft.ike.proposals = [text];
    else draft.child.proposals = [text];
    answers.add(
      'changed',
      'NativeProfile.CryptographySuite',
      undefined,
      `becomes the ${protocol} proposal ${text}`,
    );
  }
}

/** Routes count where the tunnel is split; else everything goes in anyway. */
function takeRoutes(routes: readonly Element[], native: Element, { child }: Draft, answers: Answers): void {
  const split = named(native, 'RoutingPolicyType')[0]?.text === 'SplitTunnel';
  const taken: string[] = [];
  for (const route of routes) {
    const text = (name: string): string => named(route, name)[0]?.text ?? '';
    const network = `${text('Address')}/${text('PrefixSize')}`;
    const problem = checkSelector('remote')(network);
    if (text('ExclusionRoute') === 'true')
      answers.add('ignored', 'Route', network, 'networks past the tunnel are not supported yet');
    else if (problem !== undefined) answers.add('refused', 'Route', network, problem);
    else if (!split) answers.add('ignored', 'Route', network, 'everything goes into the tunnel');
    else if (taken.length < 64) {
      taken.push(network);
      answers.add('taken', 'Route', network);
    }
  }
  if (taken.length > 0) child.remoteTs = taken;
}

function takeNames(rows: readonly Element[], { dns }: Draft, answers: Answers): void {
  for (const row of rows) {
    const domain = (named(row, 'DomainName')[0]?.text ?? '').replace(/^\./, '');
    const servers = (named(row, 'DnsServers')[0]?.text ?? '').split(/[,;\s]+/).filter((text) => text !== '');
    if (checkDomain(domain) !== undefined || servers.some((text) => checkAddress(text) !== undefined)) {
      answers.add(
        'refused',
        'DomainNameInformation',
        domain,
        'expected a domain and addresses of its name servers',
      );
      continue;
    }
    if (servers.length === 0) {
      answers.add('ignored', 'DomainNameInformation', domain, 'names past the tunnel are not supported yet');
      continue;
    }
    dns.domains.push(domain);
    dns.servers.push(...servers.filter((server) => !dns.servers.includes(server)).slice(0, 8));
    answers.add('taken', 'DomainNameInformation', `${domain} ${servers.join(' ')}`);
  }
}

/** `vpn.example.org;Head office,vpn2.example.org`: behind a `;` is what people call it. */
const serversOf: Row<Draft> = (item, { gateway }) => {
  const names = item.value.split(',').map((text) => text.replace(/;.*$/s, '').trim());
  const texts = [...new Set(names.filter((text) => text !== ''))];
  const hosts = texts.filter((text) => checkHost(text) === undefined);
  gateway.addresses.push(...hosts.slice(0, 16));
  if (hosts.length === 0) item.problem('names no gateway; expected a host name or an address');
  else if (hosts.length < texts.length) item.changed('left out what is no host');
  else item.taken();
};

const PROTOCOLS: Readonly<Record<string, string>> = {
  L2TP: 'L2TP, which Adit does not speak',
  PPTP: 'PPTP, which is no IPsec and is broken',
  SSTP: 'SSTP, which is no IPsec',
};

const protocol: Row<Draft> = (item) => {
  if (item.value === 'IKEv2') item.taken();
  else if (Object.hasOwn(PROTOCOLS, item.value)) {
    item.problem(`this profile is for ${PROTOCOLS[item.value]}; ask for IKEv2`);
  } else item.changed('Adit speaks IKEv2 alone');
};

const userMethod: Row<Draft> = (item, { local }) => {
  local.proofs.push('eap');
  if (/^mschapv2$/i.test(item.value)) local.methods.push('mschapv2');
  if (/^(eap|mschapv2)$/i.test(item.value)) item.taken();
  else item.problem('expected Eap or MSChapv2');
};

/** Windows takes one of both; the user's is the one that people connect with. */
const machineMethod: Row<Draft> = (item, { local }) => {
  if (local.proofs.length > 0) return item.ignored('the user’s method is taken');
  if (/^certificate$/i.test(item.value)) local.proofs.push('certificate');
  else if (/^presharedkey$/i.test(item.value)) local.proofs.push('psk');
  else if (/^eap$/i.test(item.value)) local.proofs.push('eap');
  else return item.problem('expected Certificate, PresharedKey or Eap');
  item.taken();
};

const WINDOWS = 'concerns Windows alone';

const fragmentation: Row<Draft> = (item, { ike }) => {
  const off = item.switch();
  if (off === undefined) return;
  if (off) ike.fragmentBytes = 0;
  item.taken();
};

const PROFILE: Table<Draft> = {
  profilename: (item) => item.taken(),
  alwayson: ignore(DEMAND),
  alwaysonactive: ignore(DEMAND),
  trustednetworkdetection: ignore(DEMAND),
  'apptrigger.app.id': ignore(DEMAND),
  devicetunnel: ignore('a tunnel for the computer: import it with --for-all'),
  dnssuffix: ignore('completing short names is not supported yet'),
  remembercredentials: ignore('whoever types a secret says whether Adit keeps it'),
  disableadvancedoptionseditbutton: ignore(WINDOWS),
  disabledisconnectbutton: ignore(WINDOWS),
  bypassforlocal: ignore('a proxy behind the tunnel is not supported yet'),
  registerdns: ignore(WINDOWS),
  networkoutagetime: ignore(AGAIN),
  ipv4interfacemetric: ignore(WINDOWS),
  ipv6interfacemetric: ignore(WINDOWS),
  userascredentials: ignore(WINDOWS),
  dataencryption: ignore('the proposals decide'),
  privatenetwork: ignore(WINDOWS),
  disableikev2fragmentation: fragmentation,
  'proxy.manual.server': ignore('a proxy behind the tunnel is not supported yet'),
  'proxy.autoconfigurl': ignore('a proxy behind the tunnel is not supported yet'),
  'devicecompliance.enabled': ignore(WINDOWS),
  'nativeprofile.servers': serversOf,
  'nativeprofile.routingpolicytype': (item) => item.taken(),
  'nativeprofile.nativeprotocoltype': protocol,
  'nativeprofile.authentication.usermethod': userMethod,
  'nativeprofile.authentication.machinemethod': machineMethod,
  'nativeprofile.authentication.eap.configuration': ignore('no EAP configuration'),
  'nativeprofile.authentication.certificate.issuer': ignore('the certificate that is imported along decides'),
  'nativeprofile.authentication.certificate.eku': ignore('the certificate that is imported along decides'),
  'nativeprofile.l2tppsk': refuse('L2TP is not supported'),
  'nativeprofile.disableclassbaseddefaultroute': ignore('Adit makes no routes by address classes'),
  'nativeprofile.plumbikev2tsasroutes': (item) => item.taken(),
};
