/** Error codes of an MS-CHAPv2 Failure packet (RFC 2759 §6). Used by core/eap's MSCHAPv2 and by failures. */
import { registry } from './registry.ts';

export const mschapv2Errors = registry('MS-CHAPv2 error', [
  { id: 646, name: 'RESTRICTED_LOGON_HOURS' },
  { id: 647, name: 'ACCT_DISABLED' },
  { id: 648, name: 'PASSWD_EXPIRED' },
  { id: 649, name: 'NO_DIALIN_PERMISSION' },
  { id: 691, name: 'AUTHENTICATION_FAILURE' },
  { id: 709, name: 'CHANGING_PASSWORD' },
]);

export const MsChapV2Error = mschapv2Errors.byName;
