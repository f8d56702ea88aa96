/**
 * Reasons of an import's report that more than one place says or asks for. The window translates them by their text
 * (renderer/i18n/import-reasons.ts).
 */

/** Of a key that is about the file itself: its type, its version, who wrote it. Importers write it; the window folds it away. */
export const DESCRIBES_FILE = 'describes the file, not the tunnel';

export const IKEV1 = 'for IKEv1 only';
export const GATEWAYS = 'for gateways only';
export const KERNEL = 'for the kernel of another client; Adit keeps its own adapter and routes';
export const SCRIPT = 'a profile runs no programs';
export const AGAIN = 'Adit connects again by itself, as often as reconnect.attempts of the profile says';
export const ASKED = 'Adit connects when it is asked to, or when it starts, if its settings say so';
export const MOMENT = 'Adit chooses the moment of rekeying itself';
export const REAUTHENTICATION = 'Adit authenticates anew when the gateway asks for it (RFC 4478)';
/** After the name of what is meant. */
export const LATER = 'is not supported yet';
export const DEMAND = `connecting on demand ${LATER}; ${ASKED}`;
