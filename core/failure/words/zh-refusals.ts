/** What AUTHENTICATION_FAILED may be about, in Simplified Chinese; en-refusals.ts is its twin. */
import { printable } from '#core/text/printable.ts';
import { dateOf, oneOf } from './parts.ts';
import type { FailureOf, RefusalRows } from './words.ts';

type Refused = FailureOf<'authentication-refused'>;

const quoted = (text: string): string => `“${printable(text)}”`;
const us = ({ localId }: Refused): string => quoted(localId);
const named = ({ remoteId }: Refused): string[] =>
  remoteId === undefined ? [] : [`网关不叫${quoted(remoteId)}`];
const anyOf = (...causes: readonly string[]): string => oneOf(causes, '，', '，或者', '。');

const ASK_HOW = '请向管理员询问此身份应如何证明自己：用证书、用户名和密码，还是两者都要。';

export const refusals: RefusalRows = {
  psk: (failure) => ({
    sentence: `网关拒绝了${us(failure)}的预共享密钥。`,
    cause: anyOf('密钥输入有误或已过时', `网关不认识${us(failure)}`, ...named(failure)),
    remedy: '请重新输入预共享密钥（adit set-secret），然后核对配置中的双方身份与网关的设置。',
  }),
  ppk: (failure) => ({
    sentence: `网关拒绝了${us(failure)}的证明，其中包含后量子密钥。`,
    cause: anyOf(
      '网关与配置在此名称下的后量子密钥不同，或网关没有该密钥',
      '除后量子密钥外的证明也有误',
      ...named(failure),
    ),
    remedy: '请核对后量子密钥及其名称与网关的设置，然后核对其余登录信息。',
  }),
  expired: ({ expiredAt = 0 }) => ({
    sentence: `网关拒绝了我方证书，该证书已于 ${dateOf(expiredAt)} 过期。`,
    cause: '证书只在有效期内有效，而此证书没有续期。',
    remedy: '请向管理员索取新证书并导入。',
  }),
  issuer: (failure) => ({
    sentence: `网关拒绝了${us(failure)}的证书，因为它由另一个 CA 签发。`,
    cause: `网关要求由其他 CA 签发的证书，而我方证书由 ${printable(failure.issuer ?? '')} 签发。`,
    remedy: '请向管理员索取此网关接受的证书并导入。',
  }),
  certificate: (failure) => ({
    sentence: `网关拒绝了${us(failure)}的证书。`,
    cause: anyOf('网关要求的是用户名和密码', '证书已被吊销', '证书属于另一个身份', ...named(failure)),
    remedy: ASK_HOW,
  }),
  'before-login': (failure) => ({
    sentence: `网关在登录开始之前就拒绝了${us(failure)}。`,
    cause: anyOf('网关要求的是证书或预共享密钥', '网关不认识此用户', ...named(failure)),
    remedy: ASK_HOW,
  }),
  'after-login': (failure) => ({
    sentence: `登录信息正确，但网关仍然拒绝了${us(failure)}。`,
    cause: '此账户不得使用该网关，或者网关与登录服务器不一致。',
    remedy: '请管理员查看网关在此时的日志。',
  }),
  other: (failure) => ({
    sentence:
      failure.method === 'certificate-eap'
        ? `网关拒绝了${us(failure)}的证书和登录信息。`
        : `网关拒绝了${us(failure)}的${quoted(failure.method)}方式的证明。`,
    cause: anyOf('网关要求另一种证明', '网关不认识此身份', ...named(failure)),
    remedy: ASK_HOW,
  }),
};
