/** What is wrong with a gateway's certificate, in Simplified Chinese. */
import { printable } from '#core/text/printable.ts';
import { dateOf, listed, lackingUsage, type LackingUsage } from './parts.ts';
import type { FailureWords } from './words.ts';

const names = (texts: readonly string[]): string => listed(texts, '（没有名称）');
const clock = (now: number): string => `此电脑的日期是 ${dateOf(now)}`;
const CLOCK_FIRST = '请检查此电脑的时钟；如果时钟无误，请告知管理员。';

const USAGES: Readonly<Record<LackingUsage, string>> = {
  purpose: '网关的证书不是用于网关的。',
  'issuer-key': '网关证书链中的某个 CA 不得签发证书。',
  'own-key': '网关证书的密钥不得用于签名，而此处必须签名。',
};

export const faults: FailureWords['faults'] = {
  'no-certificate': () => ({
    sentence: '网关没有出示证书。',
    cause: '它用其他方式证明自己，或者只在被要求时才发送证书。',
    remedy: '请向管理员询问网关如何证明自己，并在配置中设置 gateway.authentication。',
  }),
  'too-many-certificates': ({ count, limit }) => ({
    sentence: '网关出示的证书远多于证书链所需。',
    cause: `它发送了 ${count} 个，最多接受 ${limit} 个。`,
  }),
  malformed: ({ detail }) => ({
    sentence: '无法读取网关的证书。',
    cause: '证书已损坏，或由有缺陷的程序生成。',
    details: [printable(detail)],
  }),
  'not-trusted': ({ missingIssuer, selfSigned }) => ({
    sentence: selfSigned ? '网关的证书只由它自己签名。' : '网关的证书不是由配置所信任的机构签发的。',
    cause: '配置缺少公司自己的 CA、网关没有发送中间证书，或者有人冒充它应答。',
    remedy: '请向管理员索取 CA 证书并加入配置；不要从别处获取。',
    details: [`缺少的签发者：${printable(missingIssuer)}`],
  }),
  'not-pinned': ({ expected }) => ({
    sentence: '网关的证书不是配置所指定的那一个。',
    cause: '网关换了新证书，或者有人冒充它应答。',
    remedy: '请向管理员索取新证书并写入配置。',
    details: [`应为：${printable(expected)}`],
  }),
  'wrong-name': ({ expected, names: carried, wants }) => ({
    sentence: `网关的证书属于 ${names(carried)}，而不是 ${names(expected)}。`,
    cause:
      wants === 'IDr'
        ? '网关自称的名称与其证书上的不同。'
        : '配置中写的是另一个网关、网关的证书缺少此名称，或者应答的是别人。',
    remedy: '如果证书上的某个名称就是该网关，请将其写入配置的 gateway.id。',
    details: [`应为：${names(expected)}`, `证书上的名称：${names(carried)}`],
  }),
  expired: ({ notAfter, now }) => ({
    sentence: `网关的证书已于 ${dateOf(notAfter)} 过期。`,
    cause: '证书没有及时更新，或者此电脑的时钟有误。',
    remedy: CLOCK_FIRST,
    details: [clock(now)],
  }),
  'not-yet-valid': ({ notBefore, now }) => ({
    sentence: `网关的证书在 ${dateOf(notBefore)} 之前无效。`,
    cause: '此电脑的时钟有误，或者证书是为以后准备的。',
    remedy: CLOCK_FIRST,
    details: [clock(now)],
  }),
  revoked: ({ at, reason, by }) => ({
    sentence: '网关的证书已被吊销。',
    cause: '其 CA 已撤回该证书：密钥可能落入他人之手。',
    details: [`自 ${dateOf(at)} 起，原因：${printable(reason)}`, `来源：${by.toUpperCase()}`],
  }),
  'revocation-unknown': ({ detail }) => ({
    sentence: '无法得知网关的证书是否已被吊销。',
    cause: '配置要求必须得到答复，而 CA 的服务没有答复。',
    remedy: '请稍后或换一个网络再试；或询问管理员配置是否可以放宽要求。',
    details: [printable(detail)],
  }),
  'wrong-usage': ({ wanted, present, extension }) => ({
    sentence: USAGES[lackingUsage(extension, wanted)],
    cause: `其 ${extension} 允许 ${listed(present, '无')}，而需要的是 ${listed(wanted, '无')}。`,
  }),
  'path-too-long': ({ limit, length }) => ({
    sentence: '网关证书链中的某个 CA 不得处于这样高的层级。',
    cause: `它允许其下有 ${limit} 个 CA，而实际有 ${length} 个。`,
  }),
  'not-a-ca': ({ detail }) => ({
    sentence: '签发网关证书的证书不是 CA 证书。',
    cause: '有人使用了无权签发其他证书的证书。',
    details: [printable(detail)],
  }),
  'name-not-permitted': ({ ca, name }) => ({
    sentence: '网关证书上的名称是其 CA 无权签发的。',
    cause: `${printable(ca)} 无权为 ${printable(name)} 担保。`,
  }),
  'unknown-critical-extension': ({ oid }) => ({
    sentence: '网关的证书含有 Adit 不认识且不得忽略的规则。',
    cause: '其中有一个无法理解的关键扩展。',
    details: [`扩展 ${printable(oid)}`],
  }),
  'bad-signature': ({ issuer }) => ({
    sentence: '网关的证书是伪造的或已损坏。',
    cause: `${printable(issuer)} 在其上的签名不正确。`,
  }),
  'weak-key': ({ detail }) => ({
    sentence: '网关证书的密钥强度不足。',
    cause: '这样的密钥可以被破解。',
    details: [printable(detail)],
  }),
  'weak-hash': ({ hash }) => ({
    sentence: '网关证书签名所用的散列算法强度不足。',
    cause: `使用 ${printable(hash)} 的签名可以被伪造。`,
  }),
  'unsupported-algorithm': ({ algorithm }) => ({
    sentence: '网关的证书使用了 Adit 不认识的算法。',
    cause: `其签名或密钥使用了 ${printable(algorithm)}。`,
  }),
};
