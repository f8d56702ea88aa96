/** Lines of a report, of an import's or an export's: the setting, its value, why. Reasons are the helper's, in English. */
import type { ReactElement } from 'react';
import type { ReportEntry } from '#core/profile/profile.ts';
import { printable } from '#core/text/printable.ts';
import classes from './report-entries.module.css';

export function ReportEntries({ entries }: { readonly entries: readonly ReportEntry[] }): ReactElement {
  return (
    <ul className={classes['entries']}>
      {entries.map(({ setting, value, reason }, at) => (
        // A file may say the same thing twice.
        <li className={classes['entry']} key={`${at} ${setting}`}>
          <span className={classes['setting']}>{printable(setting)}</span>
          {value !== undefined && <span className={classes['value']}>{printable(value)}</span>}
          {reason !== undefined && (
            <span className={classes['reason']} lang="en">
              {printable(reason, 512)}
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}
