/** The tables of states and inputs. */
import { describe, expect, it } from 'vitest';
import { accepts, nextState, TRANSITIONS } from '#core/ikev2/machine.ts';
import type { ConnectionState } from '#core/ikev2/connection-types.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';

const STATES = Object.keys(TRANSITIONS) as ConnectionState[];

describe('the machine', () => {
  it('reaches closed from every state but closed, where nothing leads on', () => {
    for (const state of STATES.filter((other) => other !== 'closed')) {
      expect(nextState(state, 'close')).toBe('closed');
    }
    expect(TRANSITIONS.closed).toEqual({});
  });

  it('refuses an input that a state does not know', () => {
    expect(() => nextState('established', 'initiate')).toThrow('no way from established by initiate');
  });

  it('reaches every state from idle', () => {
    const reached = new Set<ConnectionState>(['idle']);
    for (const state of reached) for (const next of Object.values(TRANSITIONS[state])) reached.add(next);
    expect([...reached].sort()).toEqual([...STATES].sort());
  });

  it('serves IKE_SA_INIT, IKE_INTERMEDIATE and IKE_AUTH as responder only, each in one state', () => {
    for (const state of STATES) {
      expect(accepts('initiator', state, ExchangeType.IKE_SA_INIT)).toBe(false);
      expect(accepts('initiator', state, ExchangeType.IKE_AUTH)).toBe(false);
      expect(accepts('responder', state, ExchangeType.IKE_SA_INIT)).toBe(state === 'idle');
      expect(accepts('responder', state, ExchangeType.IKE_AUTH)).toBe(state === 'ike-auth');
      expect(accepts('initiator', state, ExchangeType.IKE_INTERMEDIATE)).toBe(false);
      expect(accepts('responder', state, ExchangeType.IKE_INTERMEDIATE)).toBe(state === 'ike-auth');
    }
  });

  it('serves CREATE_CHILD_SA, IKE_FOLLOWUP_KE and INFORMATIONAL at both ends, once all stands', () => {
    const { CREATE_CHILD_SA, IKE_FOLLOWUP_KE, INFORMATIONAL } = ExchangeType;
    for (const state of STATES) {
      const stands = state === 'established' || state === 'deleting';
      for (const role of ['initiator', 'responder'] as const) {
        const served = [CREATE_CHILD_SA, IKE_FOLLOWUP_KE, INFORMATIONAL].map((exchange) =>
          accepts(role, state, exchange),
        );
        expect(served).toEqual([stands, stands, stands]);
      }
    }
  });
});
