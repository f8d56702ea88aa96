/**
 * The reasons of export-reason.ts in words: a row for each in every language, or it does not compile. The helper says the
 * English, which is what the command line shows; the window asks for its own.
 */
import type { ExportReason, ExportReasonName, ExportReasonOf } from '#core/profile/export-reason.ts';
import type { Language } from '#core/text/languages.ts';

type Rows = { readonly [N in ExportReasonName]: (reason: ExportReasonOf<N>) => string };

const en: Rows = {
  'no-place': () => 'the format has no place for it',
  nearest: ({ text }) => `the nearest that the format can say: ${text}`,
  'sswan-no-psk': () => 'the strongSwan app knows no pre-shared keys',
  'apple-no-second-round': () => 'Apple’s clients know no second round (RFC 4739)',
  'apple-same-proof': () => 'Apple’s clients prove themselves as the gateway does, or by EAP',
  'not-read-back': ({ text }) => `the file would not be understood again: ${text}`,
  'too-large': ({ octets, most }) =>
    `the files have ${octets} octets, more than the ${most} that an answer holds; remove trust anchors that are not needed`,
};

const de: Rows = {
  'no-place': () => 'das Format hat keinen Platz dafür',
  nearest: ({ text }) => `das Nächste, was das Format sagen kann: ${text}`,
  'sswan-no-psk': () => 'die strongSwan-App kennt keine vorinstallierten Schlüssel (PSK)',
  'apple-no-second-round': () => 'Apples Clients kennen keine zweite Anmelderunde (RFC 4739)',
  'apple-same-proof': () => 'Apples Clients weisen sich aus wie das Gateway oder mit EAP',
  'not-read-back': ({ text }) => `die Datei ließe sich nicht wieder lesen: ${text}`,
  'too-large': ({ octets, most }) =>
    `die Dateien haben ${octets} Oktette, mehr als die ${most}, die eine Antwort fasst; entfernen Sie Zertifizierungsstellen, die nicht gebraucht werden`,
};

const zh: Rows = {
  'no-place': () => '该格式无法表示',
  nearest: ({ text }) => `该格式中最接近的表示：${text}`,
  'sswan-no-psk': () => 'strongSwan 应用不支持预共享密钥',
  'apple-no-second-round': () => 'Apple 的客户端不支持第二轮认证（RFC 4739）',
  'apple-same-proof': () => 'Apple 的客户端只能用与网关相同的方式或用 EAP 证明身份',
  'not-read-back': ({ text }) => `生成的文件无法再次读取：${text}`,
  'too-large': ({ octets, most }) =>
    `文件共 ${octets} 个字节，超过一次答复的上限 ${most}；请移除不需要的证书颁发机构`,
};

const ROWS: Readonly<Record<Language, Rows>> = { en, de, zh };

/** Undefined for a reason that only a newer helper knows. */
export function exportReasonText(reason: ExportReason, language: Language): string | undefined {
  const rows: Readonly<Record<string, ((reason: never) => string) | undefined>> = ROWS[language];
  return rows[reason.reason]?.(reason as never);
}

/** As the helper and the command line say it. */
export const inEnglish = (reason: ExportReason): string => exportReasonText(reason, 'en') ?? reason.reason;
