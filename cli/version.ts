/** The version of the command line, for `adit --version` and for the helper's log. */
import packageJson from '../package.json' with { type: 'json' };

export const version = (): string => packageJson.version;
