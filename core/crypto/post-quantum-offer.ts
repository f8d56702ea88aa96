/**
 * What `ike.postQuantum` of a profile makes of its IKE proposals: ML-KEM as the first additional key exchange (RFC 9370,
 * draft-ietf-ipsecme-ikev2-mlkem), against those who record today what a quantum computer may read one day. The helper offers
 * the proposals, exporters write the texts, check.ts asks whether any is left.
 */
import { additionalSlot, isAdditional, type Proposal } from '#core/ike/proposal.ts';
import { keyExchangeMethods } from '#core/registry/key-exchange-methods.ts';
import { transformTypes } from '#core/registry/transform-types.ts';

/** `off` adds nothing: gateways may choke on what they do not know, and few know this. */
export type PostQuantum = 'off' | 'prefer' | 'require';

const { ADDKE1 } = transformTypes.byName;
const {
  'ml-kem-512': ML_KEM_512,
  'ml-kem-768': ML_KEM_768,
  'ml-kem-1024': ML_KEM_1024,
} = keyExchangeMethods.byName;
const ML_KEM: readonly number[] = [ML_KEM_512, ML_KEM_768, ML_KEM_1024];

/** One method of a proposal for an additional key exchange; `slot` is 1 for ADDKE1. */
interface Additional {
  readonly slot: number;
  readonly isMlKem: boolean;
}

/** Numbered from 1 in their new order. */
export function postQuantumOffer(proposals: readonly Proposal[], wish: PostQuantum): Proposal[] {
  const additional = ({ transforms }: Proposal): Additional[] =>
    transforms
      .filter(isAdditional)
      .map(({ type, id }) => ({ slot: additionalSlot(type), isMlKem: ML_KEM.includes(id) }));
  const added = [ML_KEM_768, ML_KEM_1024].map((id) => ({ type: ADDKE1, id }));
  const withMlKem = (proposal: Proposal): Proposal => ({
    ...proposal,
    transforms: [...proposal.transforms, ...added],
  });
  return arranged(proposals, wish, additional, withMlKem).map((proposal, at) => ({
    ...proposal,
    number: at + 1,
  }));
}

/** The same of texts that parseProposal understands. */
export function postQuantumTexts(texts: readonly string[], wish: PostQuantum): string[] {
  const additional = (text: string): Additional[] =>
    [...text.matchAll(/(?:^|-)ke([1-7])_([^-]*)/g)].map(([, slot, method = '']) => ({
      slot: Number(slot),
      isMlKem: /^mlkem(512|768|1024)$/.test(method),
    }));
  return arranged(texts, wish, additional, (text) => `${text}-ke1_mlkem768-ke1_mlkem1024`);
}

/**
 * All with ML-KEM in their order, then those without it as they stand, unless it is required. A proposal that names
 * additional key exchanges itself knows its gateway, and stays as it is.
 */
function arranged<P>(
  offers: readonly P[],
  wish: PostQuantum,
  additionalOf: (offer: P) => readonly Additional[],
  withMlKem: (offer: P) => P,
): P[] {
  if (wish === 'off') return [...offers];
  const isPlain = (offer: P): boolean => additionalOf(offer).length === 0;
  const protectedOnes = offers.flatMap((offer) => {
    if (isPlain(offer)) return [withMlKem(offer)];
    return wish === 'prefer' || endsInMlKem(additionalOf(offer)) ? [offer] : [];
  });
  return wish === 'prefer' ? [...protectedOnes, ...offers.filter(isPlain)] : protectedOnes;
}

/** Whatever the gateway chooses: one of the exchanges has nothing but ML-KEM, not NONE either (RFC 9370 §2.2.1). */
const endsInMlKem = (additional: readonly Additional[]): boolean =>
  additional.some(({ slot }) => additional.every((one) => one.slot !== slot || one.isMlKem));
