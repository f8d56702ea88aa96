/** EAP in IKE_AUTH for pairs of IKEv2 ends: a login behind a certificate, the flights it takes, answers that are rewritten. */
import type { EapUsers } from '#core/eap/method.ts';
import type { EapCredentials } from '#core/ikev2/connection-types.ts';
import type { Payload } from '#core/ikev2/payload-types.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import type { Rewrite } from './ikev2-forge.ts';
import { answersOf, proofOf } from './ikev2-login.ts';
import type { Ikev2Pair, PairOptions } from './ikev2-pair.ts';

export const GATEWAY = 'gw.example.org';
export const ALICE = 'alice@example.org';
export const users = (expired = false): EapUsers => ({
  find: (identity) => (identity === 'alice' ? { password: 'secret', expired } : undefined),
  changePassword: (_identity, newPassword) => newPassword.length > 4,
});

export type Method = 'MD5' | 'GTC' | 'MSCHAPv2' | 'TLS';

export interface LoginOptions {
  readonly method?: Method;
  readonly wanted?: readonly Method[];
  readonly password?: string;
  readonly asked?: string;
  readonly expired?: boolean;
}

/** A login with the gateway's certificate in front. */
export function login(options: LoginOptions = {}): PairOptions {
  const { method = 'MSCHAPv2', wanted = [method], password, expired = false } = options;
  const eap: EapCredentials = {
    user: 'alice',
    methods: wanted.map((type) => ({ type })),
    ...(password === undefined ? {} : { password }),
  };
  return {
    initiator: { authentication: { method: 'eap', eap } },
    responder: {
      authentication: proofOf(GATEWAY),
      remoteAuthentication: { method: 'eap', eap: { users: users(expired), methods: [{ type: method }] } },
    },
    answers: {
      initiator: answersOf({
        password: options.asked ?? 'secret',
        newPassword: 'longer one',
        code: 'secret',
      }),
      responder: answersOf({ name: GATEWAY }),
    },
  };
}

export const FIRST = [
  'I -> R: HDR, SK {IDi, N(INITIAL_CONTACT), IDr, CP(CFG_REQUEST), SAi2, TSi, TSr}',
  'R -> I: HDR, SK {IDr, CERT, CERT, AUTH, EAP}',
];
export const ROUND = ['I -> R: HDR, SK {EAP}', 'R -> I: HDR, SK {EAP}'];
export const LAST = ['I -> R: HDR, SK {AUTH}', 'R -> I: HDR, SK {AUTH, CP(CFG_REPLY), SAr2, TSi, TSr}'];

export const kindsOf = (pair: Ikev2Pair): string[] =>
  pair.events.initiator
    .of('question')
    .map(({ question }) => (question.kind === 'eap' ? question.eap.kind : question.kind));

/** Answers to the initiator that are rewritten, in IKE_AUTH. */
export const answers =
  (rewrite: (payloads: readonly Payload[], messageId: number) => readonly Payload[] | undefined): Rewrite =>
  ({ header, payloads }) =>
    header.exchange === ExchangeType.IKE_AUTH && header.response
      ? rewrite(payloads, header.messageId)
      : undefined;
export const SUCCESS = { kind: 'EAP', message: Uint8Array.of(3, 1, 0, 4) } as const;
