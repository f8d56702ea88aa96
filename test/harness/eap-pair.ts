/**
 * An EapPeer and an EapAuthenticator face to face, each with somebody who answers its questions. Used by the tests of
 * core/eap and by the property tests.
 */
import type { EapAuthenticator, EapAuthenticatorOutput } from '#core/eap/authenticator.ts';
import type { EapPeer, EapPeerOutput } from '#core/eap/peer.ts';
import type { EapAnswer, EapQuestion } from '#core/eap/question.ts';

export type Answerer = (question: EapQuestion) => Promise<EapAnswer> | EapAnswer;

type PeerEnd = Extract<EapPeerOutput, { kind: 'finished' | 'failed' | 'ignored' | 'round-finished' }>;
type AuthenticatorEnd = Extract<EapAuthenticatorOutput, { kind: 'finished' | 'failed' }>;

export interface Conversation {
  readonly peer: PeerEnd | undefined;
  readonly authenticator: AuthenticatorEnd | undefined;
  /** Every packet, the authenticator's and the peer's in turn. */
  readonly packets: readonly Uint8Array[];
  readonly notices: readonly string[];
  /** Questions of the peer by kind. */
  readonly asked: readonly EapQuestion[];
}

const nobody: Answerer = () => ({ kind: 'none' });

/** Runs both to their ends; a peer that fails alone ends the conversation. */
export async function converse(
  peer: EapPeer,
  authenticator: EapAuthenticator,
  answers: { readonly peer?: Answerer; readonly authenticator?: Answerer } = {},
): Promise<Conversation> {
  const packets: Uint8Array[] = [];
  const notices: string[] = [];
  const asked: EapQuestion[] = [];
  let said: EapAuthenticatorOutput = authenticator.start();
  for (;;) {
    while (said.kind === 'ask') {
      said = authenticator.answer(await (answers.authenticator ?? nobody)(said.question));
    }
    packets.push(said.packet);
    const end = said.kind === 'send' ? undefined : said;
    let heard: EapPeerOutput = peer.receive(said.packet);
    while (heard.kind === 'ask') {
      asked.push(heard.question);
      heard = peer.answer(await (answers.peer ?? nobody)(heard.question));
    }
    if (heard.kind !== 'send') return { peer: heard, authenticator: end, packets, notices, asked };
    if (heard.notice !== undefined) notices.push(heard.notice);
    packets.push(heard.packet);
    if (end !== undefined) return { peer: undefined, authenticator: end, packets, notices, asked };
    said = authenticator.receive(heard.packet);
  }
}
