/** What Adit proposes by itself: nothing weak, in the order it prefers. */
import { describe, expect, it } from 'vitest';
import { defaultEspProposals, defaultIkeProposals } from '#core/crypto/defaults.ts';
import { encryptionRow } from '#core/crypto/encryption.ts';
import { parseProposal } from '#core/crypto/keywords.ts';
import { weaknesses } from '#core/crypto/suite.ts';
import type { Proposal, Transform } from '#core/ike/proposal.ts';

const all = [...defaultIkeProposals(), ...defaultEspProposals()];
const matches = (a: Transform, b: Transform): boolean =>
  a.type === b.type && a.id === b.id && a.keyBits === b.keyBits;

/** Whether a gateway that insists on exactly these transforms can choose them from one of our proposals (RFC 7296 §2.7). */
const serves = (offered: readonly Proposal[], wanted: readonly Transform[]): boolean =>
  offered.some(
    ({ transforms }) =>
      wanted.every((one) => transforms.some((candidate) => matches(candidate, one))) &&
      transforms.every(({ type }) => wanted.some((one) => one.type === type)),
  );

describe('defaults', () => {
  it('hold no weak algorithm', () => {
    expect(all.flatMap(({ transforms }) => weaknesses(transforms))).toEqual([]);
  });

  it('keep AEADs and other ciphers apart (RFC 7296 §3.3)', () => {
    for (const { transforms } of all) {
      const ciphers = transforms.filter(({ type }) => type === 1);
      const aeads = ciphers.filter(({ id, keyBits }) => encryptionRow(id, keyBits)?.kind === 'aead');
      expect([0, ciphers.length]).toContain(aeads.length);
      expect(transforms.some(({ type }) => type === 3)).toBe(aeads.length === 0);
    }
  });

  it('guess one group in all IKE proposals, one up to 21', () => {
    const firsts = defaultIkeProposals().map(
      ({ transforms }) => transforms.find(({ type }) => type === 4)?.id ?? 0,
    );
    expect(new Set(firsts).size).toBe(1);
    expect(firsts[0]).toBeLessThanOrEqual(21);
  });

  it('name no group for ESP, and both kinds of sequence numbers', () => {
    for (const { transforms } of defaultEspProposals()) {
      expect(transforms.some(({ type }) => type === 4)).toBe(false);
      expect(transforms.filter(({ type }) => type === 5).map(({ id }) => id)).toEqual([0, 1]);
    }
  });

  /** What gateways are set to as they are delivered, or as their guides set them. */
  it.each([
    ['strongSwan', 'aes256gcm16-prfsha384-ecp384', 'aes256gcm16'],
    ['libreswan', 'aes256gcm16-prfsha512-modp2048', 'aes256gcm16'],
    ['Windows, NegotiateDH2048_AES256', 'aes256-sha256-modp2048', 'aes256-sha1'],
    ['Cisco IOS', 'aes256-sha512-ecp256', 'aes128-sha1'],
    ['FortiGate', 'aes128-sha256-modp2048', 'aes128gcm16'],
    ['FortiGate, ChaCha', 'aes256-sha256-ecp521', 'chacha20poly1305'],
    ['MikroTik', 'aes128-sha1-modp2048', 'aes256-sha1'],
  ])('serve %s', (_, ike, esp) => {
    expect(serves(defaultIkeProposals(), parseProposal(ike, 'IKE'))).toBe(true);
    expect(serves(defaultEspProposals(), parseProposal(esp, 'ESP'))).toBe(true);
  });

  it('do not serve a gateway that insists on something weak', () => {
    expect(serves(defaultIkeProposals(), parseProposal('aes256-sha1-modp1024', 'IKE'))).toBe(false);
    expect(serves(defaultEspProposals(), parseProposal('3des-sha1', 'ESP'))).toBe(false);
  });
});
