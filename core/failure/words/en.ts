/** All words for failures in English. */
import { causes } from './en-causes.ts';
import { faults } from './en-faults.ts';
import type { FailureWords } from './words.ts';

export const en: FailureWords = {
  causes,
  faults,
  faultRemedy: 'Do not connect: tell the administrator that the gateway needs another certificate.',
  faultDetails: {
    certificate: (subject) => `certificate: ${subject}`,
    claims: (remoteId) => `the gateway claims to be: ${remoteId}`,
  },
  unknownFault: {
    sentence: 'The gateway’s certificate was refused.',
    cause: 'Adit’s background service is newer than this program, which has no words for it.',
  },
  unknown: (cause) => ({
    sentence: `The tunnel failed: ${cause}.`,
    cause: 'Adit’s background service is newer than this program, which has no words for it.',
    remedy: 'Bring both to the same version.',
  }),
};
