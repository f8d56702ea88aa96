/**
 * The states of an IKE SA, as tables: which input leads from which state to which, and which requests of the peer a
 * state takes. connection.ts moves along them; nothing else changes the state.
 *
 *     initiator  idle -> ike-sa-init -> ike-auth -> established -> deleting -> closed
 *     responder  idle ----------------> ike-auth -> established -> deleting -> closed
 *
 * IKE_INTERMEDIATE belongs to ike-auth. Both go from there to `asking` and back while a question waits for its answer.
 */
import { ExchangeType } from '#core/registry/exchange-types.ts';
import type { ConnectionState } from './connection-types.ts';

export type MachineInput =
  /** IKE_SA_INIT goes out. */
  | 'initiate'
  /** Keys exist: the answer to IKE_SA_INIT has come (initiator) or gone (responder). */
  | 'keyed'
  /** Somebody outside has to say something first (questions.ts), and has said it. */
  | 'ask'
  | 'answered'
  /** Both sides are authenticated. */
  | 'authenticated'
  /** Our last word to the peer goes out: a Delete or AUTHENTICATION_FAILED. */
  | 'take-leave'
  | 'close';

export const TRANSITIONS: Readonly<
  Record<ConnectionState, Readonly<Partial<Record<MachineInput, ConnectionState>>>>
> = {
  idle: { initiate: 'ike-sa-init', keyed: 'ike-auth', close: 'closed' },
  'ike-sa-init': { keyed: 'ike-auth', close: 'closed' },
  // Leaving from here: our check of the peer failed after its answer (§2.21.2), or the user changed their mind.
  'ike-auth': { ask: 'asking', authenticated: 'established', 'take-leave': 'deleting', close: 'closed' },
  asking: { answered: 'ike-auth', 'take-leave': 'deleting', close: 'closed' },
  established: { 'take-leave': 'deleting', close: 'closed' },
  deleting: { close: 'closed' },
  closed: {},
};

/** The state after an input. An input that a state does not know is a mistake of ours, never the peer's. */
export function nextState(state: ConnectionState, input: MachineInput): ConnectionState {
  const next = TRANSITIONS[state][input];
  if (next === undefined) throw new Error(`no way from ${state} by ${input}`);
  return next;
}

const { IKE_SA_INIT, IKE_INTERMEDIATE, IKE_AUTH, CREATE_CHILD_SA, IKE_FOLLOWUP_KE, INFORMATIONAL } =
  ExchangeType;

/** Of either end, once both are authenticated. */
const SETTLED = [CREATE_CHILD_SA, IKE_FOLLOWUP_KE, INFORMATIONAL];

/** What the peer may ask in each state of a responder and of an initiator. Anything else breaks the protocol. */
const ACCEPTED: Readonly<
  Record<'initiator' | 'responder', Readonly<Record<ConnectionState, readonly number[]>>>
> = {
  initiator: {
    idle: [],
    'ike-sa-init': [],
    'ike-auth': [],
    asking: [],
    established: SETTLED,
    deleting: SETTLED,
    closed: [],
  },
  responder: {
    idle: [IKE_SA_INIT],
    'ike-sa-init': [],
    'ike-auth': [IKE_INTERMEDIATE, IKE_AUTH],
    asking: [],
    established: SETTLED,
    deleting: SETTLED,
    closed: [],
  },
};

export function accepts(role: 'initiator' | 'responder', state: ConnectionState, exchange: number): boolean {
  return ACCEPTED[role][state].includes(exchange);
}
