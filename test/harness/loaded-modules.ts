/**
 * Preloaded into a helper (altered-helper.ts): appends the URL of each module that it loads to $ADIT_LOADED, and fails the
 * load of those whose URL ends in $ADIT_UNLOADABLE, as a damaged installation would.
 */
import { appendFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

const file = process.env['ADIT_LOADED'] ?? '';
const unloadable = process.env['ADIT_UNLOADABLE'] ?? '';

registerHooks({
  load(url, context, next) {
    appendFileSync(file, `${url}\n`);
    if (unloadable !== '' && url.endsWith(unloadable)) throw new Error('this file is damaged');
    return next(url, context);
  },
});
