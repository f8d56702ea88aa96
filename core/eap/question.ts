/**
 * What an EAP conversation cannot know by itself, and the answers to it. peer.ts and authenticator.ts
 * ask; the IKE task hands the question to its driver as an event and comes back with `answer`.
 */
import type { TlsReply, TlsRequest } from './tls-tunnel.ts';

export type EapQuestion =
  /** `retry` after a wrong one; `message` is what the server says about it. */
  | {
      readonly kind: 'password';
      readonly method: string;
      readonly user: string;
      readonly retry: boolean;
      readonly message?: string;
    }
  /** Generic Token Card: show `prompt`, hand back what was typed. */
  | { readonly kind: 'one-time-code'; readonly user: string; readonly prompt: string }
  /** The password has expired. */
  | { readonly kind: 'new-password'; readonly user: string; readonly message?: string }
  | { readonly kind: 'tls'; readonly request: TlsRequest };

export type EapAnswer =
  | { readonly kind: 'password'; readonly password: string }
  | { readonly kind: 'one-time-code'; readonly code: string }
  | { readonly kind: 'new-password'; readonly newPassword: string }
  | { readonly kind: 'tls'; readonly reply: TlsReply }
  /** Nobody could say, or somebody does not want to. */
  | { readonly kind: 'none' };
