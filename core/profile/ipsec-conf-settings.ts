/**
 * The settings of a `conn` in ipsec.conf, a row each, of strongSwan's and libreswan's dialect together: what means
 * something in one has a place in the other or none. Facts: ipsec.conf(5) of strongSwan 5.9 and of libreswan 5. Called by
 * ipsec-conf.ts, which has put the gateway on the right.
 */
import { ignore, onlyOff, refuse, type Table } from '#core/profile/answers.ts';
import { encapsulation, mobike, port } from '#core/profile/draft.ts';
import { fragmentation } from '#core/profile/swanctl-connection.ts';
import {
  type ConnDraft,
  note,
  notePpk,
  gateway,
  identity,
  sourceIp,
  modeConfigClient,
  subnets,
  proposals,
  lifetime,
  amount,
  childLifetime,
  liveness,
  file,
  exchange,
  ikev2,
  type,
  libreswanEncapsulation,
  replay,
  demand,
  user,
  redirects,
  servers,
  domains,
} from '#core/profile/ipsec-conf-rows.ts';
import {
  AGAIN,
  ASKED,
  GATEWAYS,
  IKEV1,
  KERNEL,
  LATER,
  MOMENT,
  REAUTHENTICATION,
  SCRIPT,
} from '#core/profile/reasons.ts';

const TOKENS = 'raw keys are not supported; expected certificates';

const SHARED: Table<ConnDraft> = {
  keyexchange: exchange,
  ikev2,
  type,
  authby: note('both'),
  auth: refuse('AH is not supported'),
  ah: (item) => item.problem('AH is not supported; expected esp'),
  ike: proposals('IKE'),
  esp: proposals('ESP'),
  phase2alg: proposals('ESP'),
  phase2: (item) =>
    /^esp$/i.test(item.value) ? item.taken() : item.problem('AH is not supported; expected esp'),
  ikelifetime: lifetime(({ ike }, sec) => (ike.lifetimeSec = sec)),
  lifetime: childLifetime,
  keylife: childLifetime,
  salifetime: childLifetime,
  'ipsec-lifetime': childLifetime,
  lifebytes: amount(1048576, ({ child }, number) => (child.lifetimeBytes = number)),
  'ipsec-max-bytes': amount(1048576, ({ child }, number) => (child.lifetimeBytes = number)),
  lifepackets: amount(1000, ({ child }, number) => (child.lifetimePackets = number)),
  'ipsec-max-packets': amount(1000, ({ child }, number) => (child.lifetimePackets = number)),
  margintime: ignore(MOMENT),
  rekeymargin: ignore(MOMENT),
  rekeyfuzz: ignore(MOMENT),
  marginbytes: ignore(MOMENT),
  marginpackets: ignore(MOMENT),
  rekey: ignore(MOMENT),
  reauth: onlyOff(REAUTHENTICATION),
  keyingtries: ignore(AGAIN),
  dpddelay: liveness,
  dpdtimeout: ignore(IKEV1),
  dpdaction: ignore(AGAIN),
  closeaction: ignore(AGAIN),
  auto: ignore(ASKED),
  mobike: mobike(),
  forceencaps: encapsulation,
  encapsulation: libreswanEncapsulation,
  fragmentation,
  compress: onlyOff('IPComp is not supported'),
  sha256_96: onlyOff('the truncation of an old draft is not supported'),
  'sha2-truncbug': onlyOff('the truncation of an old draft is not supported'),
  inactivity: ignore(`closing an idle tunnel ${LATER}`),
  replay_window: replay,
  'replay-window': replay,
  tfc: ignore(`traffic flow confidentiality padding ${LATER}`),
  esn: ignore('the proposals decide'),
  pfs: ignore('the groups in the ESP proposals decide'),
  narrowing: (item) => item.taken(),
  mtu: (item, draft) => {
    const mtu = item.number();
    if (mtu === undefined) return;
    draft.mtu = Math.min(Math.max(mtu, 576), 9000);
    item.taken();
  },
  eap_identity: user,
  aaa_identity: identity(({ local }, text) => (local.aaaId = text)),
  aggressive: ignore(IKEV1),
  aggrmode: ignore(IKEV1),
  modeconfig: ignore(IKEV1),
  modecfgpull: ignore(IKEV1),
  modecfgdns: servers,
  modecfgdomains: domains,
  'ignore-peer-dns': ignore('name dns.servers to replace what the gateway assigns'),
  xauth: ignore(IKEV1),
  xauth_identity: ignore(IKEV1),
  xauthby: ignore(IKEV1),
  'cisco-unity': ignore(IKEV1),
  'cisco-split': ignore(IKEV1),
  'ms-dh-downgrade': ignore(GATEWAYS),
  'session-resumption': ignore(`resumption (RFC 5723) ${LATER}`),
  'accept-redirect': onlyOff('Adit follows only to the gateways of accept-redirect-to'),
  'accept-redirect-to': redirects,
  'send-redirect': ignore(GATEWAYS),
  'require-id-on-certificate': ignore('the gateway’s certificate must always carry its identity'),
  intermediate: ignore(
    'IKE_INTERMEDIATE (RFC 9242) comes with the additional key exchanges of the proposals',
  ),
  'enable-tcp': demand('TCP in place of UDP (RFC 9329)'),
  'tcp-remoteport': ignore(`TCP in place of UDP ${LATER}`),
  ppk: notePpk('wish'),
  'ppk-ids': notePpk('ids'),
  installpolicy: ignore(KERNEL),
  mark: ignore(KERNEL),
  mark_in: ignore(KERNEL),
  mark_out: ignore(KERNEL),
  if_id_in: ignore(KERNEL),
  if_id_out: ignore(KERNEL),
  reqid: ignore(KERNEL),
  priority: ignore(KERNEL),
  'ipsec-interface': ignore(KERNEL),
  'vti-interface': ignore(KERNEL),
  'vti-routing': ignore(KERNEL),
  'nic-offload': ignore(KERNEL),
  hostaddrfamily: ignore('Adit takes the addresses that the gateway’s name has'),
  clientaddrfamily: ignore('the networks decide'),
  connalias: ignore('for logs only'),
};

const LEFT: Table<ConnDraft> = {
  left: ignore('Adit sends from the address that leads to the gateway'),
  leftid: identity(({ local }, text) => (local.localId = text)),
  leftauth: note('left'),
  leftauth2: note('left2'),
  leftid2: ignore('eap_identity says whom the second round is for'),
  leftcert: file('our certificate', ({ local, secrets }, { certificates: [leaf, ...chain], pkcs12 }) => {
    local.certificate ??= leaf;
    local.chain.push(...chain);
    if (pkcs12 !== undefined) secrets.pkcs12 = pkcs12;
    return leaf !== undefined || pkcs12 !== undefined;
  }),
  leftcert2: refuse('a second certificate is not supported'),
  leftsigkey: refuse(TOKENS),
  leftrsasigkey: (item) => (item.value === '%cert' ? item.taken() : item.refused(TOKENS)),
  leftckaid: refuse(TOKENS),
  leftca: ignore('our certificate says who issued it'),
  leftsendcert: ignore('our certificate is sent wherever we have one'),
  leftsourceip: sourceIp,
  leftmodecfgclient: modeConfigClient,
  leftmodecfgserver: ignore(GATEWAYS),
  leftdns: servers,
  leftsubnet: subnets('local'),
  leftsubnets: subnets('local'),
  leftikeport: port(({ ike }, number) => (ike.localPort = number), 0),
  leftprotoport: ignore('name [protocol/port] in child.localTs'),
  leftfirewall: refuse(SCRIPT),
  leftupdown: refuse(SCRIPT),
  lefthostaccess: ignore('for an updown script'),
  leftnexthop: ignore(KERNEL),
  leftallowany: ignore(GATEWAYS),
  leftgroups: ignore(GATEWAYS),
  leftusername: user,
  leftxauthusername: ignore(IKEV1),
  leftxauthclient: ignore(IKEV1),
  leftautheap: (item, { local }) => {
    if (item.value === 'none') return item.taken();
    if (item.value !== 'tls') return item.problem('expected "tls" or "none"');
    local.methods.push('tls');
    item.taken();
  },
};

const RIGHT: Table<ConnDraft> = {
  right: gateway,
  rightid: identity(({ gateway: remote }, text) => (remote.id = text)),
  rightauth: note('right'),
  rightauth2: (item) => item.problem('a second proof of the gateway is not supported (RFC 4739)'),
  rightcert: file('the gateway’s certificate', ({ remote }, { certificates }) => {
    remote.certificate ??= certificates[0];
    return certificates.length > 0;
  }),
  rightca: ignore('the authorities that are imported decide, not their names'),
  rightsendcert: ignore('the gateway’s own choice'),
  rightrsasigkey: (item) => (item.value === '%cert' ? item.taken() : item.refused(TOKENS)),
  rightsigkey: refuse(TOKENS),
  rightckaid: refuse(TOKENS),
  rightsourceip: ignore(GATEWAYS),
  rightmodecfgserver: ignore(GATEWAYS),
  rightmodecfgclient: ignore(GATEWAYS),
  rightaddresspool: ignore(GATEWAYS),
  rightdns: ignore(GATEWAYS),
  rightsubnet: subnets('remote'),
  rightsubnets: subnets('remote'),
  rightikeport: port(({ gateway: remote }, number) => (remote.port = number), 1),
  rightprotoport: ignore('name [protocol/port] in child.remoteTs'),
  rightfirewall: refuse(SCRIPT),
  rightupdown: refuse(SCRIPT),
  righthostaccess: ignore('for an updown script'),
  rightnexthop: ignore(KERNEL),
  rightallowany: ignore('the gateway must be where it is'),
  rightgroups: ignore(GATEWAYS),
  rightxauthserver: ignore(IKEV1),
};

export const CONN: Table<ConnDraft> = { ...SHARED, ...LEFT, ...RIGHT };
