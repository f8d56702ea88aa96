/** IKEv2 Exchange Types (IANA "IKEv2 Parameters"; RFC 7296 §3.1). Used by message rules, the engine and logs. */
import { registry } from './registry.ts';

export const exchangeTypes = registry('Exchange Type', [
  { id: 34, name: 'IKE_SA_INIT' },
  { id: 35, name: 'IKE_AUTH' },
  { id: 36, name: 'CREATE_CHILD_SA' },
  { id: 37, name: 'INFORMATIONAL' },
  { id: 38, name: 'IKE_SESSION_RESUME' },
  { id: 43, name: 'IKE_INTERMEDIATE' },
  { id: 44, name: 'IKE_FOLLOWUP_KE' },
]);

/** `ExchangeType.IKE_AUTH` is 35. */
export const ExchangeType = exchangeTypes.byName;
