/** Failures in Simplified Chinese. */
import { printable } from '#core/text/printable.ts';
import { refusals } from './zh-refusals.ts';
import { addresses, allClosed, asSentence, endpointText, listed, refusalOf } from './parts.ts';
import type { FailureOf, FailureWords } from './words.ts';

const quoted = (text: string): string => `“${printable(text)}”`;
const STOP = '请不要连接，并告知管理员。';
const IMPOSTOR = '或者有人冒充它应答。';

function proposals(failure: FailureOf<'no-proposal'>): string[] {
  return [
    `我们${failure.saidBy === 'peer' ? '提议' : '接受'}：${listed(failure.wanted, '无')}`,
    failure.offered.length > 0
      ? `网关${failure.saidBy === 'peer' ? '接受' : '选择'}：${listed(failure.offered, '')}`
      : '网关没有说明它接受什么',
  ];
}

function proposalRemedy({ protocol, missing, narrowed }: FailureOf<'no-proposal'>): string {
  const field = protocol === 'IKE' ? 'ike.proposals' : 'child.proposals';
  if (missing !== undefined) {
    return `如果管理员认为安全，请将 ${listed(missing, '')} 加入配置的 ${field}：只差这一点。`;
  }
  const ask = `请向管理员询问网关的 ${protocol} 提议，并写入该处`;
  return narrowed === true
    ? `请从配置中删除 ${field}：Adit 会提议它认为安全的全部算法。如果仍被拒绝，${ask}。`
    : `对于 ${field}，Adit 已提议它认为安全的全部算法：${ask}。`;
}

const SECRETS: Readonly<Record<string, string>> = {
  psk: '预共享密钥',
  ppk: '后量子预共享密钥（RFC 8784）',
  'pre-shared key': '预共享密钥',
  password: '密码',
  'one-time-code': '一次性验证码',
  'new-password': '新密码',
  user: '用户名',
  'pkcs12-password': 'PKCS#12 文件的密码',
  'private-key-password': '私钥的密码',
};

const TLS_FAULTS: Readonly<Record<FailureOf<'tls-certificate-rejected'>['reason'], string>> = {
  untrusted: '的证书不是由受信任的机构签发的',
  expired: '的证书已过期',
  'not-yet-valid': '的证书尚未生效',
  revoked: '的证书已被吊销',
  'revocation-unknown': '的证书无法得知是否已被吊销',
  'wrong-usage': '的证书不是用于服务器的',
  'wrong-name': '的证书上是另一个名称',
};

type TlsRemedies = Readonly<Partial<typeof TLS_FAULTS>>;

/** Mistakes more often than attacks. */
const TLS_REMEDIES: TlsRemedies = {
  'wrong-name': '请向管理员询问服务器的名称，并在配置中设置 authentication.aaaId。',
  'revocation-unknown': '请稍后或换一个网络再试；或询问管理员配置是否可以放宽要求。',
};

const RESTRICTIONS: Readonly<
  Record<FailureOf<'account-restricted'>['restriction'], (user: string) => string>
> = {
  'logon-hours': (user) => `${user} 不能在此时段登录。`,
  disabled: (user) => `账户 ${user} 已停用。`,
  'no-dialin': (user) => `${user} 没有从外部连接的权限。`,
};

const said = (text: string | undefined): string[] =>
  text === undefined || text === '' ? [] : [`服务器说明：${printable(text)}`];

export const causes: FailureWords['causes'] = {
  'no-answer': (failure) => ({
    ...(allClosed(failure)
      ? {
          sentence: `${listed(failure.tried.map(endpointText), '')} 上没有 VPN 服务在监听。`,
          cause: '那里有一台机器，它表示此端口已关闭：它不是网关，或者网关的 VPN 服务没有运行。',
          remedy: '请检查配置中网关的地址和端口；如果无误，请告知管理员该服务未运行。',
        }
      : {
          sentence: `网关 ${addresses(failure.tried, '（地址未知）')} 没有应答。`,
          cause: '地址有误、网关已关闭，或者途中的设备丢弃了 UDP 端口 500 和 4500。',
          remedy: '请检查配置中的网关地址，然后换一个网络再试。',
        }),
    details: [
      `${printable(failure.exchange)} 已发送 ${failure.attempts} 次`,
      `已尝试：${listed(failure.tried.map(endpointText), '没有地址')}`,
    ],
  }),
  'peer-dead': (failure) => ({
    sentence: '网关不再应答。',
    cause: '网关重启了，或者本机与网关之间的网络中断了。',
    remedy: '请检查此电脑是否联网，然后重新连接。',
    details: [`${failure.lastSeenSecAgo} 秒前最后一次收到应答`],
  }),
  'name-not-resolved': (failure) => ({
    sentence: `网关名称${quoted(failure.host)}没有对应的地址。`,
    cause: failure.lockdown
      ? '锁定模式已开启，无法访问域名服务器，而以前的连接中也没有记下该名称对应的地址。'
      : '名称拼写有误，或者当前网络的域名服务不可用。',
    remedy: failure.lockdown
      ? '请关闭锁定模式，连接一次，然后再开启：地址会被记住。'
      : '请检查配置中的名称，以及在此网络中能否解析其他名称。',
    details: [printable(failure.detail)],
  }),
  'network-unreachable': (failure) => ({
    sentence: `此电脑无法到达 ${printable(failure.address)}。`,
    cause: '此电脑未联网，或者当前网络没有通往这类地址的路由。',
    remedy: '请先连接网络；若网关使用 IPv6，网络也必须支持 IPv6。',
    details: [printable(failure.detail)],
  }),
  'no-proposal': (failure) => ({
    sentence:
      failure.saidBy === 'peer'
        ? `网关不接受我们提议的任何 ${failure.protocol} 算法。`
        : `网关选择了我们没有提议的 ${failure.protocol} 算法。`,
    cause: '配置与网关没有共同的算法组合。',
    remedy: proposalRemedy(failure),
    details: proposals(failure),
  }),
  'invalid-ke': (failure) => ({
    sentence: `网关坚持使用密钥交换${quoted(failure.asked)}，而配置不允许。`,
    cause: '网关的 Diffie-Hellman 组不在配置提议之列，或者它反复改变要求。',
    remedy: '如果您信任该组，请将其加入配置的 ike.proposals；否则请管理员提供更强的组。',
    details: [`我们提议：${listed(failure.wanted, '无')}`, `网关要求：${printable(failure.asked)}`],
  }),
  'authentication-refused': (failure) => ({
    ...refusals[refusalOf(failure)](failure),
    details: [
      `方式：${printable(failure.method)}`,
      `我方身份：${printable(failure.localId)}`,
      `我方要求的网关身份：${failure.remoteId === undefined ? '任意' : printable(failure.remoteId)}`,
    ],
  }),
  'peer-authentication-failed': (failure) => ({
    sentence: `网关无法证明自己是${quoted(failure.remoteId)}。`,
    cause:
      failure.method === 'psk'
        ? `它的预共享密钥与配置中的不同，${IMPOSTOR}`
        : `它的签名与其证书不符，${IMPOSTOR}`,
    remedy:
      failure.method === 'psk'
        ? '请重新输入预共享密钥（adit set-secret）。如果密钥无误，请不要连接，并告知管理员。'
        : STOP,
    details: [
      `方式：${printable(failure.method)}`,
      `它自称：${printable(failure.remoteId)}`,
      ...(failure.detail === undefined ? [] : [printable(failure.detail)]),
    ],
  }),
  'certificate-unusable': (failure) => ({
    sentence: '我们自己的证书不能用于此网关。',
    cause: asSentence(failure.detail),
    remedy: '请重新导入证书及其私钥；如果证书无误，请向管理员询问网关接受什么。',
    details: [],
  }),
  'tls-certificate-rejected': (failure) => ({
    sentence: `负责核对登录的服务器${TLS_FAULTS[failure.reason]}。`,
    cause:
      failure.reason === 'revocation-unknown'
        ? '配置要求必须得到答复，而 CA 的服务没有答复。'
        : `它的证书不是配置所信任的，${IMPOSTOR}`,
    remedy: TLS_REMEDIES[failure.reason] ?? '请不要在别处输入密码，并告知管理员。',
    details: [
      `在 EAP-${printable(failure.method)} 中`,
      `证书：${printable(failure.subject)}`,
      ...(failure.detail === '' ? [] : [printable(failure.detail)]),
      ...(failure.expected === undefined ? [] : [`应为：${printable(failure.expected)}`]),
      ...(failure.names === undefined ? [] : [`证书上的名称：${listed(failure.names, '无')}`]),
    ],
  }),
  'tls-failed': (failure) => ({
    sentence:
      failure.saidBy === 'peer'
        ? '负责核对登录的服务器结束了安全通道。'
        : '无法与负责核对登录的服务器建立安全通道。',
    cause:
      failure.saidBy === 'peer'
        ? '它不接受我们的证书，或者与我们没有共同的 TLS 版本或加密套件。'
        : '它与我们没有共同的 TLS 版本或加密套件，或者违反了协议。',
    remedy: '请向管理员询问登录需要哪个证书，并请其查看服务器日志。',
    details: [`在 EAP-${printable(failure.method)} 中`, printable(failure.detail)],
  }),
  'wrong-password': (failure) => ({
    sentence: `网关不接受${quoted(failure.user)}的密码。`,
    cause: '用户名或密码输入有误，或者账户被锁定或不存在。',
    remedy: '请重新输入两者；多次输错后请稍候再试，因为账户可能被锁定。',
    details: [`方式：EAP-${printable(failure.method)}`, ...said(failure.message)],
  }),
  'account-restricted': (failure) => ({
    sentence: RESTRICTIONS[failure.restriction](quoted(failure.user)),
    cause: '问题不在密码：服务器认识该账户，但拒绝其连接。',
    remedy: '请管理员允许此账户连接。',
    details: said(failure.message),
  }),
  'password-expired': (failure) => ({
    sentence: `${quoted(failure.user)}的密码已过期。`,
    cause: '下次连接前必须更改密码，但没有人提供新密码。',
    remedy: '请在能输入新密码的地方重新连接，或在公司的电脑上更改密码。',
    details: said(failure.message),
  }),
  'password-not-changed': (failure) => ({
    sentence: `服务器没有接受${quoted(failure.user)}的新密码。`,
    cause: '新密码太短、太简单，或者以前用过。',
    remedy: '请按照公司的规定另选一个密码。',
    details: said(failure.message),
  }),
  'eap-method-refused': (failure) => ({
    sentence: '网关与配置没有双方都接受的登录方式。',
    cause: `一方提供 ${listed(failure.offered, '无')}，另一方接受 ${listed(failure.wanted, '无')}。`,
    remedy: `请向管理员询问在此使用 ${listed(failure.offered, '该方式')} 是否安全，并将其加入配置的 authentication.methods。`,
    details: [`提供：${listed(failure.offered, '无')}`, `要求：${listed(failure.wanted, '无')}`],
  }),
  'eap-refused': (failure) => ({
    sentence: '网关拒绝了登录。',
    ...(failure.method === 'TLS'
      ? {
          cause: '它的服务器不接受我们的证书，或者账户不能连接。',
          remedy: '请向管理员询问登录需要哪个证书，并请其查看登录服务器的日志。',
        }
      : {
          cause: '用户名不存在、账户不能连接，或者登录服务器出现故障。',
          remedy: '请检查用户名，然后请管理员查看登录服务器的日志。',
        }),
    details: [
      ...(failure.method === undefined ? [] : [`方式：EAP-${printable(failure.method)}`]),
      ...said(failure.message),
    ],
  }),
  'eap-server-unproven': (failure) => ({
    sentence: '负责核对登录的服务器自己并不知道我们的密码。',
    cause: `它为此用户保存的是另一个密码，${IMPOSTOR}`,
    remedy: STOP,
    details: [`方式：EAP-${printable(failure.method)}`, printable(failure.detail)],
  }),
  'eap-premature-success': (failure) => ({
    sentence: '网关没有核对任何东西就放行了。',
    cause: `网关设置有误，${IMPOSTOR}`,
    remedy: STOP,
    details: failure.method === undefined ? [] : [`发生在 EAP-${printable(failure.method)} 过程中`],
  }),
  'roaming-unsupported': () => ({
    sentence: '网关无法让隧道随地址变更而迁移。',
    cause: '本机的网络已改变，而网关不支持 MOBIKE（RFC 4555）。',
    remedy: '请重新连接。',
    details: [],
  }),
  'second-authentication-unsupported': () => ({
    sentence: '网关不能先后要求证书和登录。',
    cause: '配置两者都要（RFC 4739），而网关不支持。',
    remedy: '请向管理员询问网关要求两者中的哪一个，并在配置中只使用它。',
    details: [],
  }),
  'ppk-unsupported': () => ({
    sentence: '网关不使用后量子密钥。',
    cause: '配置要求使用后量子密钥（RFC 8784），而网关不支持或没有设置。',
    remedy: '请向管理员询问网关是否有此配置的后量子密钥。',
    details: [],
  }),
  'ppk-declined': () => ({
    sentence: '网关没有使用我方的后量子密钥。',
    cause: '配置要求使用它（RFC 8784），而网关不认识此名称的密钥。',
    remedy: '请核对配置中后量子密钥的名称与网关的设置。',
    details: [],
  }),
  'identity-mismatch': (failure) => ({
    sentence: `网关是${quoted(failure.presented)}，而不是${quoted(failure.expected)}。`,
    cause: '配置中写的是另一个身份，或者在此地址应答的是另一个网关。',
    remedy: '请向管理员询问网关的身份，并更正配置中的 gateway.id。',
    details: [`应为：${printable(failure.expected)}`, `实际：${printable(failure.presented)}`],
  }),
  'ts-unacceptable': (failure) => ({
    sentence: failure.saidBy === 'peer' ? '网关不提供配置所要求的网络。' : '网关回复了配置没有要求的网络。',
    cause: '配置与网关的流量选择器没有交集。',
    remedy: '请向管理员询问网关后面的网络，并在配置中设置 child.remoteTs。',
    details: [`本地：${listed(failure.local, '无')}`, `远端：${listed(failure.remote, '无')}`],
  }),
  'no-address': (failure) => ({
    sentence: '网关没有可分配给此电脑的内部地址。',
    cause: '它的地址池已用尽，或者它不分配这类地址。',
    remedy: '请几分钟后再试；如果一直如此，请告知管理员。',
    details: [`请求：${listed(failure.asked, '无')}`],
  }),
  'closed-by-peer': (failure) => ({
    sentence: '网关关闭了连接。',
    cause: '管理员结束了连接、网关正在重启，或者同一身份在别处连接。',
    remedy: '请重新连接。',
    details: [printable(failure.detail)],
  }),
  'protocol-error': (failure) => ({
    sentence: failure.sentBy === 'peer' ? '网关发送了违反协议的消息。' : '网关表示我们的消息违反协议。',
    cause: '网关与客户端对 IKEv2 的理解不同，其中一方有缺陷。',
    remedy: '请保存日志（adit log），并连同网关的厂商和版本一起反馈。',
    details: [printable(failure.detail)],
  }),
  'peer-error': (failure) => ({
    sentence: `网关以 ${printable(failure.notify)} 拒绝。`,
    cause: '网关只给出了这个代码。',
    remedy: '请管理员查看网关在此刻的日志。',
    details: [`通知 ${failure.code}（${printable(failure.notify)}），发生在 ${printable(failure.exchange)}`],
  }),
  'secret-missing': (failure) => ({
    sentence: `此配置需要${SECRETS[failure.what] ?? printable(failure.what)}，但没有保存。`,
    cause: '配置不包含密钥和密码，而当时也无人可以询问。',
    remedy:
      failure.what === 'ppk'
        ? '请用 adit set-secret --ppk-stdin 保存一次。'
        : failure.what === 'psk' || failure.what === 'pre-shared key'
          ? '请用 adit set-secret 保存一次，或用 adit up --secret-stdin 提供。'
          : '请在可以询问您的地方连接，或直接提供：adit up --user NAME --password-stdin；adit set-secret 可保存密码。',
    details: [],
  }),
  system: (failure) => ({
    sentence: asSentence(failure.what),
    cause: asSentence(failure.detail),
    remedy: asSentence(failure.remedy),
    details: [],
  }),
  timeout: (failure) => ({
    sentence: `隧道没有在 ${failure.seconds} 秒内建立。`,
    cause: '网关应答缓慢或没有应答。',
    remedy: '请用 adit up --timeout 给它更多时间，或用 adit log 查看进行到了哪一步。',
    details: [],
  }),
  expired: (failure) => ({
    sentence: '隧道的有效期已到。',
    cause: `有效期为 ${failure.lifetimeSec} 秒，此后其密钥不得再使用。`,
    remedy: '请重新连接，或提高配置中的 ike.lifetimeSec。',
    details: [],
  }),
  'redirect-refused': (failure) => ({
    sentence: `网关让我们改连 ${quoted(failure.to)}，但此配置不允许。`,
    cause: '网关繁忙或即将关闭，也可能有人冒充网关。',
    remedy: '请向管理员确认该网关是否可信；若可信，请在配置中允许它。',
    details: [`由 ${printable(failure.from)} 转向`],
  }),
  'redirect-loop': (failure) => ({
    sentence: '网关之间不断互相转向，没有尽头。',
    cause: '每个网关都认为另一个更空闲。',
    remedy: '请稍后再试，并告知管理员。',
    details: [`转向过：${listed(failure.seen, '无')}`],
  }),
};
