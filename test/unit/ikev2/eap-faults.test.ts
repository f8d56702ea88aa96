/** EAP in IKE_AUTH (RFC 7296 §2.16) with a gateway that breaks its rules: faults that other clients had. */
import { describe, expect, it } from 'vitest';
import { EMPTY } from '#core/bytes/bytes.ts';
import { Forge } from '#test/harness/ikev2-forge.ts';
import { answersOf, proofOf } from '#test/harness/ikev2-login.ts';
import { id, Ikev2Pair } from '#test/harness/ikev2-pair.ts';
import { answers, GATEWAY, login, SUCCESS } from '#test/harness/ikev2-eap.ts';

describe('faults that other clients had', () => {
  it('EAP-Success before any method', () => {
    const pair = new Ikev2Pair(login());
    new Forge(pair).rewrite(
      answers((payloads, messageId) =>
        messageId === 1 ? payloads.map((payload) => (payload.kind === 'EAP' ? SUCCESS : payload)) : undefined,
      ),
    );
    pair.connect();
    expect(pair.events.initiator.failure?.cause).toBe('eap-premature-success');
    expect(pair.events.initiator.types).not.toContain('child-installed');
  });

  it('EAP-Success in the middle of a method', () => {
    const pair = new Ikev2Pair(login());
    new Forge(pair).rewrite(answers((_payloads, messageId) => (messageId === 3 ? [SUCCESS] : undefined)));
    pair.connect();
    expect(pair.events.initiator.failure).toEqual({ cause: 'eap-premature-success', method: 'MSCHAPv2' });
  });

  it('EAP before the gateway has proven itself: the password stays here', () => {
    const pair = new Ikev2Pair(login({ password: 'secret' }));
    new Forge(pair).rewrite(
      answers((payloads, messageId) =>
        messageId === 1 ? payloads.filter(({ kind }) => kind !== 'AUTH' && kind !== 'CERT') : undefined,
      ),
    );
    pair.connect();
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'protocol-error', sentBy: 'peer' });
    expect(pair.drawing.lines).not.toContain('I -> R: HDR, SK {EAP}');
  });

  it('EAP-Success before the gateway has proven itself', () => {
    const pair = new Ikev2Pair(login({ password: 'secret' }));
    new Forge(pair).rewrite(
      answers((payloads, messageId) =>
        messageId === 1 ? [...payloads.filter(({ kind }) => kind === 'IDr'), SUCCESS] : undefined,
      ),
    );
    pair.connect();
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'protocol-error', sentBy: 'peer' });
    expect(pair.events.initiator.types).not.toContain('child-installed');
    expect(pair.drawing.lines).not.toContain('I -> R: HDR, SK {AUTH}');
  });

  it('EAP behind a certificate that is refused is not looked at', () => {
    const options = login({ password: 'secret' });
    const pair = new Ikev2Pair({
      ...options,
      responder: { ...options.responder, authentication: proofOf('evil.example') },
      answers: { ...options.answers, responder: answersOf({ name: 'evil.example' }) },
    }).connect();
    expect(pair.events.initiator.failure?.cause).toBe('certificate-rejected');
    expect(pair.drawing.lines).not.toContain('I -> R: HDR, SK {EAP}');
  });

  it.each([
    ['shorter than its header', Uint8Array.of(1, 1, 0, 4)],
    ['a request that is cut off', Uint8Array.of(1, 1, 0, 5, 26)],
    ['a response where a request belongs', Uint8Array.of(2, 1, 0, 5, 1)],
  ])('EAP that is %s', (_name, message) => {
    const pair = new Ikev2Pair(login());
    new Forge(pair).rewrite(
      answers((_payloads, messageId) => (messageId === 2 ? [{ kind: 'EAP', message }] : undefined)),
    );
    pair.connect();
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'protocol-error', sentBy: 'peer' });
  });

  it('a gateway that ends EAP without a word of it', () => {
    const pair = new Ikev2Pair(login());
    new Forge(pair).rewrite(
      answers((payloads, messageId) =>
        messageId === 2
          ? [{ kind: 'IDr', id: id(GATEWAY) }, ...payloads.slice(1), { kind: 'AUTH', method: 2, data: EMPTY }]
          : undefined,
      ),
    );
    pair.connect();
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'protocol-error' });
  });
});
