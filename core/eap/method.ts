/**
 * What an EAP method is to the conversation around it (RFC 3748 §5, RFC 4137 in spirit): peer.ts and authenticator.ts
 * drive methods through these two interfaces, methods/ implements them. Methods are made anew for each conversation.
 */
import type { EapFailure } from './failure.ts';
import type { EapAnswer, EapQuestion } from './question.ts';

/** 64 octets each; a method without keys has none of both (RFC 3748 §7.10). */
export interface EapKeys {
  readonly msk?: Uint8Array;
  readonly emsk?: Uint8Array;
}

export type PeerStep =
  /** Send a response with these octets after the type. `notice` is a text of the server for the user. */
  | { readonly do: 'respond'; readonly data: Uint8Array; readonly notice?: string }
  | { readonly do: 'ask'; readonly question: EapQuestion }
  | { readonly do: 'fail'; readonly failure: EapFailure };

/** The peer's half. `request` and `answer` may throw DecodeError: the octets are not what the method sends. */
export interface PeerMethod {
  readonly type: number;
  /** Everything that this method demands of the server has come: EAP-Success is believed from here on. */
  readonly satisfied: boolean;
  /** What is behind an EAP-Failure that comes now. */
  readonly suspicion: EapFailure | undefined;
  /** Read when `satisfied`. */
  readonly keys: EapKeys;
  /** A password that the server took over in this conversation: whoever keeps passwords has to keep this one. */
  readonly changedPassword?: string | undefined;
  request(data: Uint8Array, identifier: number): PeerStep;
  /** Only after an `ask`. */
  answer(answer: EapAnswer): PeerStep;
}

export type AuthenticatorStep =
  | { readonly do: 'request'; readonly data: Uint8Array }
  | { readonly do: 'ask'; readonly question: EapQuestion }
  | { readonly do: 'succeed'; readonly keys: EapKeys }
  | { readonly do: 'fail'; readonly failure: EapFailure };

/** The authenticator's half. `start` makes the first request; `identifier` is that of the EAP packet. */
export interface AuthenticatorMethod {
  readonly type: number;
  start(identifier: number): AuthenticatorStep;
  /** May throw DecodeError. */
  response(data: Uint8Array, identifier: number): AuthenticatorStep;
  /** Only after an `ask`. */
  answer(answer: EapAnswer): AuthenticatorStep;
}

/** How an authenticator knows its users. */
export interface EapUser {
  readonly password: string;
  /** MSCHAPv2 asks such a user for a new password before it lets them in. */
  readonly expired?: boolean;
}

export interface EapUsers {
  /** `undefined` for nobody: refused in the same way as a wrong password. */
  find(identity: string): EapUser | undefined;
  /** A new password that arrived in good order; `false` refuses it. */
  changePassword?(identity: string, newPassword: string): boolean;
}
