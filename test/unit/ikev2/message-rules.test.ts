/** Which payloads a message may and must have, drawn as the RFC draws them. */
import { describe, expect, it } from 'vitest';
import { EMPTY } from '#core/bytes/bytes.ts';
import { violation } from '#core/ikev2/message-rules.ts';
import type { Payload } from '#core/ikev2/payload-types.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { NotifyType } from '#core/registry/notify-types.ts';

const id = { type: 2, data: EMPTY };
const notify = (type: number): Payload => ({ kind: 'N', type, protocol: 0, spi: EMPTY, data: EMPTY });
const PAYLOADS: Readonly<Record<string, Payload>> = {
  SA: { kind: 'SA', proposals: [] },
  KE: { kind: 'KE', group: 0, data: EMPTY },
  NONCE: { kind: 'NONCE', data: EMPTY },
  IDi: { kind: 'IDi', id },
  IDr: { kind: 'IDr', id },
  CERT: { kind: 'CERT', encoding: 4, data: EMPTY },
  CERTREQ: { kind: 'CERTREQ', encoding: 4, authorities: EMPTY },
  AUTH: { kind: 'AUTH', method: 2, data: EMPTY },
  CP: { kind: 'CP', type: 1, attributes: [] },
  TSi: { kind: 'TSi', selectors: [] },
  TSr: { kind: 'TSr', selectors: [] },
  EAP: { kind: 'EAP', message: EMPTY },
  D: { kind: 'D', protocol: 1, spis: [] },
  V: { kind: 'V', data: EMPTY },
  X: { kind: 'unknown', type: 200, critical: false, body: EMPTY },
  'N(ERROR)': notify(NotifyType.TS_UNACCEPTABLE),
  'N(COOKIE)': notify(NotifyType.COOKIE),
  'N(ADDITIONAL_KEY_EXCHANGE)': notify(NotifyType.ADDITIONAL_KEY_EXCHANGE),
  'N(STATUS)': notify(NotifyType.MOBIKE_SUPPORTED),
  'N(4711)': notify(4711),
  'N(60000)': notify(60000),
};

/** `IKE_AUTH -> SK {IDi, AUTH}` is a request inside SK, `<-` a response. */
function judge(drawing: string): string | undefined {
  const [, exchange = '', arrow, sk, list = ''] = /^(\S+) (->|<-) (SK )?\{(.*)\}$/.exec(drawing) ?? [];
  const payloads = list
    .split(', ')
    .filter(Boolean)
    .map((name) => PAYLOADS[name]);
  if (!(exchange in ExchangeType) || payloads.includes(undefined)) throw new Error(`cannot read ${drawing}`);
  const header = {
    spiI: EMPTY,
    spiR: EMPTY,
    majorVersion: 2,
    minorVersion: 0,
    exchange: ExchangeType[exchange as keyof typeof ExchangeType],
    fromInitiator: true,
    versionFlag: false,
    response: arrow === '<-',
    messageId: 0,
  };
  return violation({ header, payloads: payloads as Payload[] }, sk !== undefined);
}

describe('messages of RFC 7296', () => {
  it.each([
    // Appendix C.1
    'IKE_SA_INIT -> {SA, KE, NONCE}',
    'IKE_SA_INIT -> {N(COOKIE), SA, KE, NONCE, N(STATUS), V}',
    'IKE_SA_INIT <- {SA, KE, NONCE, N(STATUS), CERTREQ, CERTREQ, V}',
    'IKE_SA_INIT <- {N(COOKIE)}',
    'IKE_SA_INIT <- {N(ERROR)}',
    'IKE_SA_INIT <- {N(ERROR), V, X}',
    // C.2
    'IKE_AUTH -> SK {IDi, AUTH, SA, TSi, TSr}',
    'IKE_AUTH -> SK {IDi, CERT, CERT, N(STATUS), CERTREQ, IDr, AUTH, CP, N(STATUS), SA, TSi, TSr, V, X}',
    'IKE_AUTH <- SK {IDr, CERT, AUTH, CP, SA, TSi, TSr, N(STATUS)}',
    'IKE_AUTH <- SK {IDr, AUTH, N(ERROR)}',
    'IKE_AUTH <- SK {N(ERROR)}',
    // C.3
    'IKE_AUTH -> SK {IDi, SA, TSi, TSr}',
    'IKE_AUTH <- SK {IDr, CERT, AUTH, EAP}',
    'IKE_AUTH <- SK {IDr, EAP}',
    'IKE_AUTH -> SK {EAP}',
    'IKE_AUTH <- SK {EAP}',
    'IKE_AUTH -> SK {AUTH}',
    'IKE_AUTH <- SK {AUTH, CP, SA, TSi, TSr}',
    'IKE_AUTH <- SK {AUTH, N(ERROR)}',
    // RFC 4739 §1.3
    'IKE_AUTH <- SK {IDr, CERT, AUTH}',
    'IKE_AUTH -> SK {IDi}',
    // C.4, C.5
    'CREATE_CHILD_SA -> SK {N(STATUS), SA, NONCE, TSi, TSr}',
    'CREATE_CHILD_SA -> SK {SA, NONCE, KE, TSi, TSr, CP}',
    'CREATE_CHILD_SA <- SK {SA, NONCE, KE, TSi, TSr, N(STATUS)}',
    'CREATE_CHILD_SA -> SK {SA, NONCE, KE}',
    'CREATE_CHILD_SA <- SK {SA, NONCE, KE, V}',
    'CREATE_CHILD_SA <- SK {N(ERROR)}',
    // C.6
    'INFORMATIONAL -> SK {}',
    'INFORMATIONAL <- SK {}',
    'INFORMATIONAL -> SK {D, D, N(4711), N(60000), CP, V}',
    'INFORMATIONAL <- SK {D}',
    // RFC 9370 §2.2.2, §2.2.4
    'IKE_INTERMEDIATE -> SK {KE}',
    'IKE_INTERMEDIATE <- SK {KE, N(STATUS), V, X}',
    'IKE_INTERMEDIATE <- SK {N(ERROR)}',
    'CREATE_CHILD_SA <- SK {SA, NONCE, KE, TSi, TSr, N(ADDITIONAL_KEY_EXCHANGE)}',
    'IKE_FOLLOWUP_KE -> SK {KE, N(ADDITIONAL_KEY_EXCHANGE)}',
    'IKE_FOLLOWUP_KE <- SK {KE, N(ADDITIONAL_KEY_EXCHANGE)}',
    'IKE_FOLLOWUP_KE <- SK {KE}',
    'IKE_FOLLOWUP_KE <- SK {N(ERROR)}',
    // §2.21.4: a peer without keys
    'IKE_AUTH <- {N(ERROR)}',
    'IKE_FOLLOWUP_KE <- {N(ERROR)}',
    'INFORMATIONAL <- {N(ERROR)}',
  ])('%s', (drawing) => {
    expect(judge(drawing)).toBeUndefined();
  });
});

describe('messages that break the rules', () => {
  it.each([
    ['IKE_SA_INIT -> {SA, KE}', 'IKE_SA_INIT request: no NONCE'],
    ['IKE_SA_INIT -> {}', 'IKE_SA_INIT request: no SA, no KE, no NONCE'],
    ['IKE_SA_INIT -> {SA, SA, KE, NONCE}', 'IKE_SA_INIT request: more than one SA'],
    ['IKE_SA_INIT -> {SA, KE, NONCE, IDi}', 'IKE_SA_INIT request: unexpected IDi'],
    ['IKE_SA_INIT -> {N(ERROR)}', 'IKE_SA_INIT request: no SA, no KE, no NONCE'],
    ['IKE_SA_INIT -> SK {SA, KE, NONCE}', 'IKE_SA_INIT request: inside SK'],
    ['IKE_SA_INIT <- SK {N(ERROR)}', 'IKE_SA_INIT response: inside SK'],
    ['IKE_SA_INIT <- {N(STATUS)}', 'IKE_SA_INIT response: no SA, no KE, no NONCE'],
    ['IKE_SA_INIT <- {}', 'IKE_SA_INIT response: no SA, no KE, no NONCE'],
    ['IKE_SA_INIT <- {N(ERROR), SA}', 'IKE_SA_INIT response: no KE, no NONCE'],
    ['IKE_AUTH -> {IDi, AUTH, SA, TSi, TSr}', 'IKE_AUTH request: in the clear'],
    ['IKE_AUTH <- {IDr, AUTH, SA, TSi, TSr}', 'IKE_AUTH response: in the clear'],
    ['IKE_AUTH -> SK {IDi, AUTH, SA, TSi}', 'IKE_AUTH request: no TSr'],
    ['IKE_AUTH -> SK {IDi, IDi, AUTH, SA, TSi, TSr}', 'IKE_AUTH request: more than one IDi'],
    ['IKE_AUTH -> SK {IDi, AUTH, AUTH, SA, TSi, TSr}', 'IKE_AUTH request: more than one AUTH'],
    ['IKE_AUTH -> SK {EAP, EAP}', 'IKE_AUTH request: more than one EAP'],
    ['IKE_AUTH <- SK {IDr, SA, TSi, TSr}', 'IKE_AUTH response: no AUTH'],
    ['IKE_AUTH <- SK {AUTH, EAP, SA, TSi, TSr}', 'IKE_AUTH response: unexpected EAP'],
    ['IKE_AUTH <- SK {IDr, AUTH, CP}', 'IKE_AUTH response: no error notify'],
    ['IKE_AUTH -> SK {IDi, CERT}', 'IKE_AUTH request: unexpected CERT'],
    ['CREATE_CHILD_SA -> SK {SA, NONCE}', 'CREATE_CHILD_SA request: no KE'],
    ['CREATE_CHILD_SA -> SK {SA, NONCE, TSi, TSr, D}', 'CREATE_CHILD_SA request: unexpected D'],
    ['CREATE_CHILD_SA -> SK {N(ERROR)}', 'CREATE_CHILD_SA request: no SA, no NONCE, no KE'],
    ['IKE_INTERMEDIATE -> {KE}', 'IKE_INTERMEDIATE request: in the clear'],
    ['IKE_INTERMEDIATE <- {KE}', 'IKE_INTERMEDIATE response: in the clear'],
    ['IKE_INTERMEDIATE -> SK {}', 'IKE_INTERMEDIATE request: no KE'],
    ['IKE_INTERMEDIATE <- SK {N(STATUS)}', 'IKE_INTERMEDIATE response: no KE'],
    ['IKE_INTERMEDIATE -> SK {KE, KE}', 'IKE_INTERMEDIATE request: more than one KE'],
    ['IKE_INTERMEDIATE <- SK {KE, SA}', 'IKE_INTERMEDIATE response: unexpected SA'],
    ['IKE_FOLLOWUP_KE -> {KE}', 'IKE_FOLLOWUP_KE request: in the clear'],
    ['IKE_FOLLOWUP_KE -> SK {N(ADDITIONAL_KEY_EXCHANGE)}', 'IKE_FOLLOWUP_KE request: no KE'],
    ['IKE_FOLLOWUP_KE -> SK {N(ERROR)}', 'IKE_FOLLOWUP_KE request: no KE'],
    ['IKE_FOLLOWUP_KE <- SK {KE, NONCE}', 'IKE_FOLLOWUP_KE response: unexpected NONCE'],
    ['INFORMATIONAL -> {}', 'INFORMATIONAL request: in the clear'],
    ['INFORMATIONAL -> {N(ERROR)}', 'INFORMATIONAL request: in the clear'],
    ['INFORMATIONAL <- {N(ERROR), D}', 'INFORMATIONAL response: in the clear'],
    ['INFORMATIONAL <- {}', 'INFORMATIONAL response: in the clear'],
    ['INFORMATIONAL -> SK {SA}', 'INFORMATIONAL request: unexpected SA'],
    ['IKE_SESSION_RESUME -> {NONCE}', 'IKE_SESSION_RESUME request: an exchange that is not known here'],
  ])('%s', (drawing, says) => {
    expect(judge(drawing)).toBe(says);
  });
});
