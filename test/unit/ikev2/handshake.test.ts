import { describe, expect, it } from 'vitest';
import { Ikev2Pair } from '#test/harness/ikev2-pair.ts';

describe('IKE_SA_INIT and IKE_AUTH', () => {
  it('connects in four messages', () => {
    const pair = new Ikev2Pair().connect();
    expect(pair.drawing.lines).toEqual([
      'I -> R: HDR, SAi1, KEi, Ni',
      'R -> I: HDR, SAr1, KEr, Nr',
      'I -> R: HDR, SK {IDi, N(INITIAL_CONTACT), IDr, AUTH, CP(CFG_REQUEST), SAi2, TSi, TSr}',
      'R -> I: HDR, SK {IDr, AUTH, CP(CFG_REPLY), SAr2, TSi, TSr}',
    ]);
    expect(pair.events.initiator.types).toEqual(['path', 'ike-established', 'config', 'child-installed']);
    expect(pair.events.responder.types).toEqual(['path', 'ike-established', 'config', 'child-installed']);
  });
});
