/** All words for failures in German. */
import { causes } from './de-causes.ts';
import { faults } from './de-faults.ts';
import type { FailureWords } from './words.ts';

const NEWER = 'Adits Hintergrunddienst ist neuer als dieses Programm, das keine Worte dafür hat.';

export const de: FailureWords = {
  causes,
  faults,
  faultRemedy:
    'Verbinden Sie sich nicht: Sagen Sie Ihrem Administrator, dass das Gateway ein anderes Zertifikat braucht.',
  faultDetails: {
    certificate: (subject) => `Zertifikat: ${subject}`,
    claims: (remoteId) => `das Gateway gibt sich aus als: ${remoteId}`,
  },
  unknownFault: { sentence: 'Das Zertifikat des Gateways wurde abgelehnt.', cause: NEWER },
  unknown: (cause) => ({
    sentence: `Der Tunnel ist gescheitert: ${cause}.`,
    cause: NEWER,
    remedy: 'Bringen Sie beide auf dieselbe Version.',
  }),
};
