/** Reasons of an import's report that readers tell apart by what they mean, beside showing them. */

/** Of a key that is about the file itself: its type, its version, who wrote it. Importers write it; the window folds it away. */
export const DESCRIBES_FILE = 'describes the file, not the tunnel';
