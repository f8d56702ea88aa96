/**
 * Pairs whose key exchanges are several (RFC 9370), and a hand that answers and asks IKE_FOLLOWUP_KE for one of the ends as no
 * engine of ours would.
 */
import type { Message, Payload } from '#core/ikev2/payload-types.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { Forge } from './ikev2-forge.ts';
import { esp, ike, type Ikev2Pair, type PairOptions } from './ikev2-pair.ts';
import { standing } from './ikev2-rekey.ts';

const HYBRID = 'aes256gcm16-prfsha256-curve25519-ke1_mlkem768';
const PLAIN = 'aes256gcm16-prfsha256-curve25519';
const ESP_HYBRID = 'aes256gcm16-curve25519-ke1_mlkem768';
const ESP_PLAIN = 'aes256gcm16-curve25519';

/**
 * `divided`: either end takes both, and each likes another one best, which it answers with. `unequal`: the client's Child SAs have no
 * key exchange, those of the gateway demand two.
 */
type Kind = 'hybrid' | 'plain' | 'divided' | 'unequal';

const PROPOSALS = {
  hybrid: { initiator: [[HYBRID], [ESP_HYBRID]], responder: [[HYBRID], [ESP_HYBRID]] },
  plain: { initiator: [[PLAIN], [ESP_PLAIN]], responder: [[PLAIN], [ESP_PLAIN]] },
  unequal: { initiator: [[HYBRID], ['aes256gcm16']], responder: [[HYBRID], [ESP_HYBRID]] },
  divided: {
    initiator: [
      [HYBRID, PLAIN],
      [ESP_HYBRID, ESP_PLAIN],
    ],
    responder: [
      [PLAIN, HYBRID],
      [ESP_PLAIN, ESP_HYBRID],
    ],
  },
} as const;

/** What one end is told, for whoever makes pairs without standing(). */
export function proposalsOf(kind: Kind, role: 'initiator' | 'responder') {
  const [forIke, forEsp] = PROPOSALS[kind][role];
  return { proposals: ike(...forIke), child: { proposals: esp(...forEsp) } };
}

/** Two ends that stand, with an empty drawing; messages go whole, unless the options say otherwise. */
export function hybrid(options: PairOptions = {}, kind: Kind = 'hybrid'): Ikev2Pair {
  const [forI, forR] = [proposalsOf(kind, 'initiator'), proposalsOf(kind, 'responder')];
  const whole = { fragmentBytes: 4_000 };
  const { initiator, responder } = options;
  return standing({
    ...options,
    initiator: { ...whole, ...forI, ...initiator, child: { ...forI.child, ...initiator?.child } },
    responder: { ...whole, ...forR, ...responder, child: { ...forR.child, ...responder?.child } },
  });
}

type Change = (payloads: readonly Payload[]) => readonly Payload[];

/** In the place of one end; messages have to go whole. */
export class FollowUpHand {
  readonly #forge: Forge;
  readonly #role: 'initiator' | 'responder';
  readonly #pair: Ikev2Pair;

  /** The end whose messages are changed is that of `answers`; `requests` and `ask` are those that it hears. */
  constructor(pair: Ikev2Pair, role: 'initiator' | 'responder') {
    this.#pair = pair;
    this.#role = role;
    this.#forge = new Forge(pair);
  }

  /** Its next `times` answers to IKE_FOLLOWUP_KE. */
  answers(change: Change, times?: number): void {
    this.answersTo(ExchangeType.IKE_FOLLOWUP_KE, change, times);
  }

  answersTo(exchange: number, change: Change, times = Number.POSITIVE_INFINITY): void {
    this.#rewrite(true, exchange, change, times);
  }

  /** The next `times` IKE_FOLLOWUP_KE requests that it gets. */
  requests(change: Change, times = Number.POSITIVE_INFINITY): void {
    this.#rewrite(false, ExchangeType.IKE_FOLLOWUP_KE, change, times);
  }

  #rewrite(response: boolean, exchange: number, change: Change, times: number): void {
    const changed = new Set<number>();
    this.#forge.rewrite(({ header, payloads }: Message, direction) => {
      const fromRole = direction === (this.#role === 'initiator' ? 'I -> R' : 'R -> I');
      if (fromRole !== response || header.response !== response || header.exchange !== exchange)
        return undefined;
      if (!changed.has(header.messageId) && changed.size >= times) return undefined;
      changed.add(header.messageId);
      return change(payloads);
    });
  }

  /** Asks it out of turn, in the name of the other end. */
  ask(payloads: readonly Payload[], exchange: number = ExchangeType.IKE_FOLLOWUP_KE): void {
    const { answers } = this.#pair[this.#role].life;
    let messageId = 0;
    while (answers.classify(messageId) !== 'new') messageId++;
    const direction = this.#role === 'initiator' ? 'R -> I' : 'I -> R';
    const fromInitiator = direction === 'I -> R';
    this.#forge.send(direction, { exchange, response: false, messageId }, payloads, { fromInitiator });
  }
}
