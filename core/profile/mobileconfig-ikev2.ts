/**
 * The settings of the IKEv2 dictionary in an Apple VPN payload, a row each: what becomes of it in a profile. Keys
 * without regard to case. Called by mobileconfig.ts.
 */
import { type Answers, ignore, type Item, onlyOn, type Row, type Table } from '#core/profile/answers.ts';
import { checkProposal, checkUser } from '#core/profile/check.ts';
import { checked, type Draft, gatewayId, host, localId, mobike, within } from '#core/profile/draft.ts';
import { ADDITIONAL, ENCRYPTION, GROUP, INTEGRITY } from '#core/profile/mobileconfig-algorithms.ts';
import { EAP_CLIENT, password, settleInner } from '#core/profile/mobileconfig-eap.ts';
import { isDict, isList, type PlistDict, textOf } from '#core/profile/plist.ts';
import { printable } from '#core/text/printable.ts';
import { DEMAND, LATER } from '#core/profile/reasons.ts';

const isOn = (text: string | undefined): boolean => text === '1' || text === 'true';

/** Who proves what how: AuthenticationMethod and ExtendedAuthEnabled together, then the two algorithm dictionaries. */
export function proveByMethod(settings: PlistDict, draft: Draft, answers: Answers, place: string): void {
  const extended = isOn(textOf(settings.get('ExtendedAuthEnabled')));
  const named = textOf(settings.get('AuthenticationMethod')) ?? '';
  // Apple's reference: None without ExtendedAuthEnabled falls back to the shared secret.
  const method = named === 'None' && !extended && draft.secrets.psk !== undefined ? 'SharedSecret' : named;
  const certificate = textOf(settings.get('PayloadCertificateUUID')) !== undefined;
  const { local, remote } = draft;
  local.proofs.push(extended ? 'eap' : method === 'SharedSecret' ? 'psk' : 'certificate');
  // Without a user name the certificate is for EAP-TLS.
  const nameless = local.user === undefined && local.methods.length === 0;
  if (extended && certificate && nameless) local.methods.push('tls');
  settleInner(settings, draft, answers);
  if (method === 'SharedSecret') remote.proof = 'psk';
  else if (method === 'Certificate') remote.proof = 'certificate';
  else if (method === 'None' && extended) remote.proof = 'eap-only';
  else {
    const shown = printable(method, 40) || 'nothing';
    answers.problem(
      place,
      'IKEv2.AuthenticationMethod',
      `"${shown}" alone proves nothing; expected SharedSecret, Certificate, or None together with ExtendedAuthEnabled`,
    );
  }
  for (const [protocol, key] of [
    ['IKE', 'IKESecurityAssociationParameters'],
    ['ESP', 'ChildSecurityAssociationParameters'],
  ] as const) {
    const parameters = settings.get(key);
    if (isDict(parameters))
      takeAlgorithms(protocol, `IKEv2.${key}`, parameters, settings, draft, answers, place);
  }
}

/**
 * One proposal from the three names; what is absent is as Apple's devices have it: AES-256, SHA2-256, group 14. With additional
 * key exchanges a second one without them, where a gateway may skip them.
 */
function takeAlgorithms(
  protocol: 'IKE' | 'ESP',
  path: string,
  parameters: PlistDict,
  settings: PlistDict,
  draft: Draft,
  answers: Answers,
  place: string,
): void {
  const keyword = (
    key: string,
    usual: string,
    table: Readonly<Record<string, string>>,
  ): string | undefined => {
    const name = textOf(parameters.get(key)) ?? usual;
    const found = Object.hasOwn(table, name) ? table[name] : undefined;
    if (found === undefined) {
      const known = Object.keys(table).join(', ');
      answers.problem(
        place,
        `${path}.${key}`,
        `"${printable(name, 40)}" is not supported; expected one of ${known}`,
      );
    }
    return found;
  };
  const encryption = keyword('EncryptionAlgorithm', 'AES-256', ENCRYPTION);
  const integrity = keyword('IntegrityAlgorithm', 'SHA2-256', INTEGRITY);
  const group = keyword('DiffieHellmanGroup', '14', GROUP);
  if (encryption === undefined || integrity === undefined || group === undefined) return;
  const aead = /gcm|poly/.test(encryption);
  // Without EnablePFS a rekeyed Child SA takes no group of its own.
  const forward = protocol === 'IKE' || isOn(textOf(settings.get('EnablePFS')));
  const hash = aead ? (protocol === 'IKE' ? [`prf${integrity}`] : []) : [integrity];
  const text = [encryption, ...hash, ...(forward ? [group] : [])].join('-');
  const additional = additionalOf(parameters, `${path}.PostQuantumKeyExchangeMethods`, answers, place);
  if (additional === undefined) return;
  const mayBeSkipped = isOn(textOf(settings.get('AllowPostQuantumKeyExchangeFallback')));
  // In a Child SA they come with the group, at rekeying.
  const stronger = additional === '' || !forward ? [] : [text + additional];
  const texts = [...stronger, ...(stronger.length === 0 || mayBeSkipped ? [text] : [])];
  const problem = texts.flatMap((one) => checkProposal(protocol)(one) ?? [])[0];
  if (problem !== undefined) return answers.problem(place, path, problem);
  ((protocol === 'IKE' ? draft.ike : draft.child).proposals ??= []).push(...texts);
  const what = texts.length === 1 ? 'proposal' : 'proposals';
  answers.add('changed', path, undefined, `becomes the ${what} ${texts.join(', ')}`);
}

/** `-ke1_mlkem768`, for the first of up to seven methods (RFC 9370); undefined where one is unknown. */
function additionalOf(
  parameters: PlistDict,
  path: string,
  answers: Answers,
  place: string,
): string | undefined {
  const listed = parameters.get('PostQuantumKeyExchangeMethods');
  const methods = (isList(listed) ? listed : listed === undefined ? [] : [listed]).map(
    (one) => textOf(one) ?? '',
  );
  const unknown = methods.find((method) => method !== NO_METHOD && !Object.hasOwn(ADDITIONAL, method));
  if (unknown !== undefined || methods.length > 7) {
    const known = [NO_METHOD, ...Object.keys(ADDITIONAL)].join(', ');
    const shown = printable(unknown ?? methods.join(' '), 40);
    answers.problem(place, path, `"${shown}" is not supported; expected up to seven of ${known}`);
    return undefined;
  }
  return methods
    .map((method, at) => (method === NO_METHOD ? '' : `-ke${at + 1}_${ADDITIONAL[method]}`))
    .join('');
}

const NO_METHOD = '0';

const RATES: Readonly<Record<string, number>> = { None: 0, Low: 1800, Medium: 600, High: 60 };

const deadPeer: Row<Draft> = (item, { ike }) => {
  const sec = Object.hasOwn(RATES, item.value) ? RATES[item.value] : undefined;
  if (sec === undefined) return item.problem(`expected one of ${Object.keys(RATES).join(', ')}`);
  ike.livenessSec = sec;
  item.taken();
};

const revocation: Row<Draft> = (item, { remote }) => {
  const on = item.switch();
  if (on === undefined) return;
  remote.revocation = { crl: on, ocsp: on, strict: false };
  item.taken();
};

const TYPES = /^(RSA|ECDSA(256|384|521)|Ed25519)$/;

const certificateType: Row<Draft> = (item, { local }) => {
  if (item.value === 'RSA-PSS') local.rsaPss = true;
  else if (!TYPES.test(item.value)) return item.ignored('the key in the certificate decides');
  item.taken();
};

const serverName: Row<Draft> = (item, { gateway }) => {
  if (gateway.id === undefined || item.value === gateway.id) return item.taken();
  item.ignored('the gateway’s certificate must carry RemoteIdentifier');
};

const EVERYTHING =
  'what goes past the tunnel is decided by the gateway’s networks; a kill switch comes later';
const DEVICE = 'concerns Apple’s devices alone';
const WHOLE = (item: Item): void => item.taken();

const lifetime = (set: (draft: Draft, sec: number) => void): Row<Draft> => within(60, 604800, set, 60);

export const IKEV2: Table<Draft> = {
  RemoteAddress: host,
  RemoteIdentifier: gatewayId,
  LocalIdentifier: localId,
  AuthenticationMethod: WHOLE,
  ExtendedAuthEnabled: WHOLE,
  SharedSecret: (item) => item.showing(undefined).taken(),
  CertificateType: certificateType,
  PayloadCertificateUUID: WHOLE,
  AuthName: checked(checkUser, ({ local }, text) => (local.user = text)),
  AuthPassword: password,
  Password: password,
  AuthPasswordEncryption: ignore('Adit asks for the password itself'),
  DeadPeerDetectionRate: deadPeer,
  ServerCertificateIssuerCommonName: ignore('the authorities in the file decide, not their names'),
  ServerCertificateCommonName: serverName,
  TLSMinimumVersion: ignore('EAP offers TLS 1.2 and 1.3'),
  TLSMaximumVersion: ignore('EAP offers TLS 1.2 and 1.3'),
  UseConfigurationAttributeInternalIPSubnet: ignore('Adit always asks for the gateway’s networks'),
  DisableMOBIKE: mobike(true),
  DisableRedirect: onlyOn('a gateway may send Adit only where gateway.redirects of the profile says'),
  DisconnectOnIdle: ignore(`closing an idle tunnel ${LATER}`),
  DisconnectOnIdleTimer: ignore(`closing an idle tunnel ${LATER}`),
  NATKeepAliveOffloadEnable: ignore(DEVICE),
  NATKeepAliveInterval: within(0, 3600, ({ ike }, number) => (ike.natKeepaliveSec = number)),
  EnablePFS: WHOLE,
  EnableCertificateRevocationCheck: revocation,
  EnableFallback: ignore(DEVICE),
  MTU: within(576, 9000, (draft, number) => (draft.mtu = number)),
  IncludeAllNetworks: ignore(EVERYTHING),
  EnforceRoutes: ignore(EVERYTHING),
  ExcludeLocalNetworks: ignore(EVERYTHING),
  ExcludeCellularServices: ignore(DEVICE),
  ExcludeAPNs: ignore(DEVICE),
  ExcludeDeviceCommunication: ignore(DEVICE),
  AllowPostQuantumKeyExchangeFallback: WHOLE,
  ...EAP_CLIENT,
  PPK: (item) => item.showing(undefined).taken(),
  PPKIdentifier: WHOLE,
  PPKMandatory: WHOLE,
  ProviderType: ignore(DEVICE),
  ProviderBundleIdentifier: ignore(DEVICE),
  OnDemandEnabled: ignore(DEMAND),
  OnDemandUserOverrideDisabled: ignore(DEMAND),
  OnDemandRules: ignore(DEMAND),
  ...Object.fromEntries(
    (['IKE', 'Child'] as const).flatMap((sa) =>
      [
        'EncryptionAlgorithm',
        'IntegrityAlgorithm',
        'DiffieHellmanGroup',
        'PostQuantumKeyExchangeMethods',
      ].map((key) => [`${sa}SecurityAssociationParameters.${key}`, WHOLE]),
    ),
  ),
  'IKESecurityAssociationParameters.LifeTimeInMinutes': lifetime(({ ike }, sec) => (ike.lifetimeSec = sec)),
  'ChildSecurityAssociationParameters.LifeTimeInMinutes': lifetime(
    ({ child }, sec) => (child.lifetimeSec = sec),
  ),
};
