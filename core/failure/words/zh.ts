/** All words for failures in Simplified Chinese. */
import { causes } from './zh-causes.ts';
import { faults } from './zh-faults.ts';
import type { FailureWords } from './words.ts';

const NEWER = '后台服务比此界面新，界面没有相应的说明。';

export const zh: FailureWords = {
  causes,
  faults,
  faultRemedy: '请不要连接，并告知管理员网关需要换一个证书。',
  faultDetails: {
    certificate: (subject) => `证书：${subject}`,
    claims: (remoteId) => `网关自称：${remoteId}`,
  },
  unknownFault: { sentence: '网关的证书被拒绝。', cause: NEWER },
  unknown: (cause) => ({
    sentence: `隧道失败：${cause}。`,
    cause: NEWER,
    remedy: '请将界面和后台服务更新到同一版本。',
  }),
};
