/** Lines of a report, of an import's or an export's: the setting, its value, why. */
import { Fragment, type ReactElement } from 'react';
import type { ReportEntry } from '#core/profile/profile.ts';
import { printable } from '#core/text/printable.ts';
import { lifetime } from '../../format/lifetimes.ts';
import { translatedReason } from '../../i18n/import-reasons.ts';
import { activeLanguage, i18n, useText } from '../../i18n/text.ts';
import classes from './report-entries.module.css';

export function ReportEntries({ entries }: { readonly entries: readonly ReportEntry[] }): ReactElement {
  return (
    <ul className={classes['entries']}>
      {entries.map(({ setting, value, reason }, at) => (
        // A file may say the same thing twice.
        <li className={classes['entry']} key={`${at} ${setting}`}>
          <Setting path={printable(setting)} />
          {value !== undefined && <span className={classes['value']}>{printable(value)}</span>}
          {reason !== undefined && <Reason text={reason} />}
        </li>
      ))}
    </ul>
  );
}

/** `connections.office.remote_addrs`: where it is too long for the line, it goes on after a dot. */
function Setting({ path }: { readonly path: string }): ReactElement {
  const parts = path.split(/(?<=\.)/);
  return (
    <span className={classes['setting']}>
      {parts.map((part, at) => (
        <Fragment key={`${at} ${part}`}>
          {at > 0 && <wbr />}
          {part}
        </Fragment>
      ))}
    </span>
  );
}

/** In the person's language, or in the helper's English, which readers are told. */
export function Reason({ text }: { readonly text: string }): ReactElement {
  // Rendered anew with the view when the language changes.
  useText();
  const translated = translatedReason(text, activeLanguage());
  return (
    <span className={classes['reason']} lang={translated === undefined ? 'en' : undefined}>
      {withLifetimes(printable(translated ?? text, 512))}
    </span>
  );
}

/** What a setting in seconds means: `child.lifetimeSec 1980 (33 minutes)`. */
const withLifetimes = (text: string): string =>
  text.replaceAll(
    /lifetimeSec (\d{1,9})/g,
    (found, seconds: string) => `${found} (${lifetime(Number(seconds), i18n.locale)})`,
  );
