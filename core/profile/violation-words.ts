/**
 * What is wrong with a profile, in the languages beside English: a row for each rule of violation.ts, or it does not
 * compile. English stands where the rule is (check.ts, schema-sentences.ts). The form of the window asks.
 */
import type { Language } from '#core/text/languages.ts';
import type { Counted, Found, Rule, ValueType, Violation, ViolationOf } from '#core/profile/violation.ts';

interface ViolationText {
  readonly problem: string;
  readonly remedy?: string;
}
type Rows = { readonly [R in Rule]: (violation: ViolationOf<R>) => ViolationText };
type TranslatedLanguage = Exclude<Language, 'en'>;

const both = (problem: string, remedy: string): ViolationText => ({ problem, remedy });
const choice = (texts: readonly string[], last: string): string =>
  [texts.slice(0, -1).join(', '), ...texts.slice(-1)].filter((text) => text !== '').join(last);

const deCount = (count: number, of: Counted): string =>
  ({
    number: `${count}`,
    characters: `${count} Zeichen`,
    entries: `${count} ${count === 1 ? 'Eintrag' : 'Einträge'}`,
  })[of];
const DE_TYPES: Readonly<Record<ValueType, string>> = {
  string: 'ein Text',
  number: 'eine Zahl',
  int: 'eine ganze Zahl',
  boolean: 'true oder false',
  array: 'eine Liste',
  object: 'ein Objekt',
};
const deTry = (accepted: readonly string[]): Pick<ViolationText, 'remedy'> =>
  accepted.length === 0 ? {} : { remedy: `möglich wäre ${choice(accepted, ' oder ')}` };

function deFound(found: Found): string {
  if (found.kind === 'value') return `gefunden: ${found.text}`;
  if (found.kind === 'list') return `gefunden: ${deCount(found.count, 'entries')}`;
  return found.kind === 'object' ? 'gefunden: ein Objekt' : 'fehlt';
}

const de: Rows = {
  identity: ({ text }) =>
    both(
      `„${text}“ ist keine Identität`,
      'erwartet wird eine Adresse, ein Name, benutzer@name, ein Distinguished Name wie „C=DE, CN=alice“ oder „keyid:“ vor allem anderen',
    ),
  selector: ({ text }) =>
    both(
      `„${text}“ ist kein Netz`,
      'erwartet wird „10.0.0.0/8“, „10.0.0.1-10.0.0.9“, „fd00::/64“ oder „dynamic“, danach vielleicht „[tcp/443]“',
    ),
  'dynamic-is-ours': () =>
    both('„dynamic“ ist unsere eigene Adresse', 'erwartet werden die Netze hinter dem Gateway'),
  host: ({ text }) => ({ problem: `„${text}“ ist weder ein Rechnername noch eine IP-Adresse` }),
  redirect: ({ text }) =>
    both(
      `„${text}“ erlaubt nichts`,
      'erwartet wird eine Adresse, ein Netz wie „192.0.2.0/24“, ein Name oder „*.example.org“',
    ),
  user: ({ text }) => both(`„${text}“ ist kein Benutzername`, 'erwartet werden sichtbare Zeichen'),
  'ppk-id': ({ text }) => both(`„${text}“ ist keine PPK_ID`, 'erwartet werden sichtbare Zeichen'),
  address: ({ text }) => ({ problem: `„${text}“ ist keine IP-Adresse` }),
  domain: ({ text }) => ({ problem: `„${text}“ ist kein Domänenname` }),
  certificate: () =>
    both('das ist kein X.509-Zertifikat', 'erwartet wird das Base64 seines DER, ganz und ohne PEM-Zeilen'),
  'eap-only-needs-eap': ({ method }) => ({
    problem: `„eap-only“ braucht die Anmeldung „eap“, gefunden: „${method}“`,
  }),
  'inner-method-needs-tunnel': ({ method }) =>
    both(
      `„${method}“ läuft nur innerhalb von ttls oder peap`,
      'nennen Sie eines davon in authentication.methods',
    ),
  'inner-method-not-in-peap': ({ method, accepted }) =>
    both(
      `„${method}“ läuft nicht innerhalb von peap`,
      `erwartet wird ${choice(accepted, ' oder ')}, oder authentication.methods ohne peap`,
    ),
  'post-quantum-absent': () =>
    both(
      '„require“ lässt von ike.proposals nichts übrig',
      'erwartet wird ein Vorschlag mit ke1_mlkem768 oder einer ohne zusätzlichen Schlüsselaustausch',
    ),
  'keyword-missing': () => both('ein Schlüsselwort fehlt', 'zum Beispiel aes256-sha256-ecp256'),
  'keyword-unknown': ({ keyword, accepted }) => ({
    problem: `„${keyword}“ ist kein Verfahren, das Adit kennt`,
    ...deTry(accepted),
  }),
  'keyword-misplaced': ({ keyword, protocol, accepted }) => ({
    problem: `„${keyword}“ gehört nicht in einen ${protocol}-Vorschlag`,
    ...(accepted.length === 0 ? { remedy: 'lassen Sie es weg' } : deTry(accepted)),
  }),
  'proposal-lacks': ({ what, beside, accepted }) => ({
    problem: `neben ${beside} fehlt ${{ encryption: 'eine Verschlüsselung', integrity: 'ein Integritätsverfahren', prf: 'eine PRF', 'key-exchange': 'ein Schlüsselaustausch' }[what]}`,
    ...deTry(accepted),
  }),
  'aead-beside-plain': ({ aead, plain }) =>
    both(
      `${aead} und ${plain} passen nicht in einen Vorschlag`,
      'schreiben Sie zwei Vorschläge, jeden in eine Zeile',
    ),
  'unknown-field': ({ fields }) =>
    both(`${fields.map((field) => `„${field}“`).join(', ')} ist hier nicht bekannt`, 'entfernen Sie es'),
  type: ({ expected, found }) => both(deFound(found), `erwartet wird ${DE_TYPES[expected]}`),
  choice: ({ options, found }) => both(deFound(found), `erwartet wird ${choice(options, ' oder ')}`),
  'too-small': ({ least, of, found }) => both(deFound(found), `mindestens ${deCount(least, of)}`),
  'too-big': ({ most, of, found }) => both(deFound(found), `höchstens ${deCount(most, of)}`),
  'not-whole': () => both('ist keine Zahl', 'erwartet wird eine ganze Zahl'),
};

const zhCount = (count: number, of: Counted): string =>
  ({ number: `${count}`, characters: `${count} 个字符`, entries: `${count} 项` })[of];
const ZH_TYPES: Readonly<Record<ValueType, string>> = {
  string: '文本',
  number: '数字',
  int: '整数',
  boolean: 'true 或 false',
  array: '列表',
  object: '对象',
};
const zhChoice = (texts: readonly string[]): string =>
  [texts.slice(0, -1).join('、'), ...texts.slice(-1)].filter((text) => text !== '').join(' 或 ');
const zhTry = (accepted: readonly string[]): Pick<ViolationText, 'remedy'> =>
  accepted.length === 0 ? {} : { remedy: `可以使用 ${zhChoice(accepted)}` };

function zhFound(found: Found): string {
  if (found.kind === 'value') return `现为 ${found.text}`;
  if (found.kind === 'list') return `现有 ${zhCount(found.count, 'entries')}`;
  return found.kind === 'object' ? '现为一个对象' : '缺失';
}

const zh: Rows = {
  identity: ({ text }) =>
    both(
      `“${text}”不是有效的身份`,
      '应为地址、名称、user@name、可分辨名称（如“C=DE, CN=alice”），其他内容前加“keyid:”',
    ),
  selector: ({ text }) =>
    both(
      `“${text}”不是网络`,
      '应为“10.0.0.0/8”、“10.0.0.1-10.0.0.9”、“fd00::/64”或“dynamic”，其后可加“[tcp/443]”',
    ),
  'dynamic-is-ours': () => both('“dynamic”是我方自己的地址', '应填写网关后面的网络'),
  host: ({ text }) => ({ problem: `“${text}”既不是主机名，也不是 IP 地址` }),
  redirect: ({ text }) =>
    both(`“${text}”不允许任何地址`, '应为地址、网段（如“192.0.2.0/24”）、名称或“*.example.org”'),
  user: ({ text }) => both(`“${text}”不是用户名`, '应为可见字符'),
  'ppk-id': ({ text }) => both(`“${text}”不是 PPK_ID`, '应为可见字符'),
  address: ({ text }) => ({ problem: `“${text}”不是 IP 地址` }),
  domain: ({ text }) => ({ problem: `“${text}”不是域名` }),
  certificate: () => both('这不是 X.509 证书', '应为其 DER 的完整 Base64，不含 PEM 行'),
  'eap-only-needs-eap': ({ method }) => ({ problem: `“eap-only”需要“eap”登录方式，现为“${method}”` }),
  'inner-method-needs-tunnel': ({ method }) =>
    both(`“${method}”只能在 ttls 或 peap 中运行`, '请在 authentication.methods 中写上其中之一'),
  'inner-method-not-in-peap': ({ method, accepted }) =>
    both(
      `“${method}”不能在 peap 中运行`,
      `应为 ${zhChoice(accepted)}，或者 authentication.methods 中不含 peap`,
    ),
  'post-quantum-absent': () =>
    both('“require”使 ike.proposals 中没有可用的提议', '应有一个含 ke1_mlkem768 或不含附加密钥交换的提议'),
  'keyword-missing': () => both('缺少关键字', '例如 aes256-sha256-ecp256'),
  'keyword-unknown': ({ keyword, accepted }) => ({
    problem: `Adit 不认识算法“${keyword}”`,
    ...zhTry(accepted),
  }),
  'keyword-misplaced': ({ keyword, protocol, accepted }) => ({
    problem: `“${keyword}”不能用在 ${protocol} 提议中`,
    ...(accepted.length === 0 ? { remedy: '请去掉它' } : zhTry(accepted)),
  }),
  'proposal-lacks': ({ what, beside, accepted }) => ({
    problem: `${beside} 还缺少${{ encryption: '加密算法', integrity: '完整性算法', prf: ' PRF', 'key-exchange': '密钥交换方法' }[what]}`,
    ...zhTry(accepted),
  }),
  'aead-beside-plain': ({ aead, plain }) =>
    both(`${aead} 和 ${plain} 不能在同一个提议中`, '请写成两个提议，每行一个'),
  'unknown-field': ({ fields }) =>
    both(`此处不认识${fields.map((field) => `“${field}”`).join('、')}`, '请将其删除'),
  type: ({ expected, found }) => both(zhFound(found), `应为${ZH_TYPES[expected]}`),
  choice: ({ options, found }) => both(zhFound(found), `应为 ${zhChoice(options)}`),
  'too-small': ({ least, of, found }) => both(zhFound(found), `至少 ${zhCount(least, of)}`),
  'too-big': ({ most, of, found }) => both(zhFound(found), `最多 ${zhCount(most, of)}`),
  'not-whole': () => both('不是数字', '应为整数'),
};

const ROWS: Readonly<Record<TranslatedLanguage, Rows>> = { de, zh };

/** Undefined for a rule that only a newer helper knows. */
export function violationText(violation: Violation, language: TranslatedLanguage): ViolationText | undefined {
  const rows: Readonly<Record<string, ((violation: never) => ViolationText) | undefined>> = ROWS[language];
  return rows[violation.rule]?.(violation as never);
}
