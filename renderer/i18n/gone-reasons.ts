/**
 * Why an SA is no more: the helper says it in English (helper/tunnel), here in the other languages. A sentence without a row
 * stays English. details-model.ts asks; gone-reasons.test.ts sees that every sentence of the helper has its row.
 */
import type { Language } from '#core/text/languages.ts';

type Row = Readonly<Record<Exclude<Language, 'en'>, string>>;

/** By what the helper says. */
const ROWS: Readonly<Record<string, Row>> = {
  'the gateway deleted it': { de: 'Das Gateway hat sie gelöscht', zh: '网关已将其删除' },
  'we deleted it': { de: 'Wir haben sie gelöscht', zh: '我方已将其删除' },
  'it reached its lifetime': { de: 'Ihre Lebensdauer ist um', zh: '已到有效期限' },
  'it reached its limit of bytes': { de: 'Ihre Grenze an Bytes ist erreicht', zh: '已达到字节数上限' },
  'it reached its limit of packets': { de: 'Ihre Grenze an Paketen ist erreicht', zh: '已达到数据包数上限' },
  'another with new keys has its place': {
    de: 'Eine andere mit neuen Schlüsseln ist an ihrer Stelle',
    zh: '已由使用新密钥的另一个取代',
  },
  'the gateway fell silent, or broke the protocol': {
    de: 'Das Gateway schwieg oder brach das Protokoll',
    zh: '网关没有回应，或违反了协议',
  },
  'the connection ended': { de: 'Die Verbindung ist beendet', zh: '连接已结束' },
};

export function goneReason(why: string, language: Language): string {
  const row = Object.hasOwn(ROWS, why) ? ROWS[why] : undefined;
  return language === 'en' || row === undefined ? why : row[language];
}
