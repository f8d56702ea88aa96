/**
 * The payloads of IKEv2 (RFC 7296 §3) after decoding: one case a payload. payloads/ encodes and decodes them,
 * message.ts puts them in a message, tasks/ read and make them. SK and SKF never appear here: they are the envelope.
 */
import type { Identification } from '#core/ike/identification.ts';
import type { Proposal } from '#core/ike/proposal.ts';
import type { TrafficSelector } from '#core/ike/traffic-selector.ts';

/** An attribute of a CP payload (§3.15.1). Empty in a request means "assign me one". */
export interface ConfigAttribute {
  readonly type: number;
  readonly value: Uint8Array;
}

export type Payload =
  | { readonly kind: 'SA'; readonly proposals: readonly Proposal[] }
  | { readonly kind: 'KE'; readonly group: number; readonly data: Uint8Array }
  | { readonly kind: 'IDi'; readonly id: Identification }
  | { readonly kind: 'IDr'; readonly id: Identification }
  | { readonly kind: 'CERT'; readonly encoding: number; readonly data: Uint8Array }
  | { readonly kind: 'CERTREQ'; readonly encoding: number; readonly authorities: Uint8Array }
  | { readonly kind: 'AUTH'; readonly method: number; readonly data: Uint8Array }
  | { readonly kind: 'NONCE'; readonly data: Uint8Array }
  /** `protocol` is 0 and `spi` empty unless the notify concerns a Child SA. */
  | {
      readonly kind: 'N';
      readonly type: number;
      readonly protocol: number;
      readonly spi: Uint8Array;
      readonly data: Uint8Array;
    }
  /** For protocol IKE `spis` is empty. */
  | { readonly kind: 'D'; readonly protocol: number; readonly spis: readonly Uint8Array[] }
  | { readonly kind: 'V'; readonly data: Uint8Array }
  | { readonly kind: 'TSi'; readonly selectors: readonly TrafficSelector[] }
  | { readonly kind: 'TSr'; readonly selectors: readonly TrafficSelector[] }
  /** `type`: 1 CFG_REQUEST, 2 CFG_REPLY, 3 CFG_SET, 4 CFG_ACK. */
  | { readonly kind: 'CP'; readonly type: number; readonly attributes: readonly ConfigAttribute[] }
  | { readonly kind: 'EAP'; readonly message: Uint8Array }
  /** A payload type that we do not know; `critical` decides whether it may be skipped (§2.5). */
  | {
      readonly kind: 'unknown';
      readonly type: number;
      readonly critical: boolean;
      readonly body: Uint8Array;
    };

export type PayloadKind = Payload['kind'];
export type PayloadOf<K extends PayloadKind> = Extract<Payload, { kind: K }>;

/** The IKE header (§3.1), both versions. */
export interface IkeHeader {
  /** 8 octets each. */
  readonly spiI: Uint8Array;
  readonly spiR: Uint8Array;
  readonly majorVersion: number;
  readonly minorVersion: number;
  /** IANA Exchange Type: 34 IKE_SA_INIT, 35 IKE_AUTH, 36 CREATE_CHILD_SA, 37 INFORMATIONAL, 43 IKE_INTERMEDIATE. */
  readonly exchange: number;
  /** Flags of §3.1: I (sent by the original initiator), V (could speak higher), R (an answer). */
  readonly fromInitiator: boolean;
  readonly versionFlag: boolean;
  readonly response: boolean;
  readonly messageId: number;
}

export interface Message {
  readonly header: IkeHeader;
  readonly payloads: readonly Payload[];
  /** Of one that was protected. */
  readonly inside?: Inside;
}

/** The octets of a protected message as AUTH covers them in IKE_INTERMEDIATE (RFC 9242 §3.3.2): int-auth.ts sets the lengths. */
export interface Inside {
  /** From the IKE header to the end of SK's generic header; of several fragments, that of the first. */
  readonly front: Uint8Array;
  /** The payloads inside, without IV, padding and ICV. */
  readonly content: Uint8Array;
}

/** What became of received octets. Only `protected-error` may be answered inside the SA. */
export type Decoded =
  | { readonly outcome: 'ok'; readonly message: Message; readonly protected: boolean }
  /** A fragment (RFC 7383) whose message is not complete yet. */
  | { readonly outcome: 'partial'; readonly header: IkeHeader }
  /** The ICV was right, the content breaks the rules: answer with this notify (INVALID_SYNTAX, UNSUPPORTED_CRITICAL_PAYLOAD). */
  | {
      readonly outcome: 'protected-error';
      readonly header: IkeHeader;
      readonly notify: number;
      readonly notifyData: Uint8Array;
      readonly detail: string;
    }
  /** Nothing vouches for it: silence and a counter, except where §2.5 and §2.21 allow an unprotected notify. */
  | {
      readonly outcome: 'unprotected-error';
      readonly header?: IkeHeader;
      readonly notify?: number;
      readonly notifyData?: Uint8Array;
      readonly detail: string;
    };

/** A datagram whose payloads are inside SK, or SKF (RFC 7383): `MessageProtection.open` tells what it holds. */
export interface Sealed {
  readonly outcome: 'sealed';
  readonly header: IkeHeader;
  /** SKF in place of SK. */
  readonly fragment: boolean;
}

/** One authentic piece of a message in SKF payloads (RFC 7383 §2.5). */
export interface Fragment {
  /** 1 to `total`. */
  readonly number: number;
  readonly total: number;
  /** Type of the first payload, in number 1. */
  readonly next: number;
  /** As in Inside. */
  readonly front: Uint8Array;
  readonly content: Uint8Array;
}

export type OpenedFragment =
  | { readonly outcome: 'fragment'; readonly header: IkeHeader; readonly fragment: Fragment }
  | Extract<Decoded, { outcome: 'protected-error' | 'unprotected-error' }>;

/** One direction's keys of an IKE SA, bound to its suite: made by protection.ts from SK_e and SK_a. */
export interface MessageProtection {
  /** The whole datagram of a message with its payloads inside SK (§3.14, RFC 5282). */
  seal(header: IkeHeader, payloads: readonly Payload[]): Uint8Array;
  /** The same in datagrams of at most `maxBytes`: one with SK where that is enough, otherwise several with SKF. */
  sealWithin(header: IkeHeader, payloads: readonly Payload[], maxBytes: number): Uint8Array[];
  /** Decodes a protected datagram with SK. */
  open(bytes: Uint8Array): Decoded;
  /** Opens a datagram with SKF. */
  openFragment(bytes: Uint8Array): OpenedFragment;
}
