/** Lines of a report, of an import's or an export's: the setting, its value, why. */
import { Fragment, type ReactElement } from 'react';
import type { ExportReason } from '#core/profile/export-reason.ts';
import { exportReasonText } from '#core/profile/export-words.ts';
import type { Need } from '#core/profile/needs.ts';
import type { ReportEntry } from '#core/profile/profile.ts';
import { printable } from '#core/text/printable.ts';
import { lifetime } from '../../format/lifetimes.ts';
import type { MessageId } from '../../i18n/en.ts';
import { translatedReason } from '../../i18n/import-reasons.ts';
import { activeLanguage, i18n, useText } from '../../i18n/text.ts';
import classes from './report-entries.module.css';

/** What is missing is no setting of a file: it is called as everywhere else. */
const NAMES = {
  psk: 'secrets.psk',
  ppk: 'secrets.ppk',
  password: 'secrets.password',
  certificate: 'secrets.certificate',
  privateKey: 'secrets.privateKey',
  privateKeyPassword: 'secrets.privateKeyPassword',
  pkcs12: 'secrets.pkcs12',
  pkcs12Password: 'secrets.pkcs12Password',
  user: 'question.user.label',
} as const satisfies Readonly<Record<Need | 'user', MessageId>>;
const isNamed = (setting: string): setting is keyof typeof NAMES => Object.hasOwn(NAMES, setting);

export function ReportEntries({ entries }: { readonly entries: readonly ReportEntry[] }): ReactElement {
  const t = useText();
  return (
    <ul className={classes['entries']}>
      {entries.map(({ outcome, setting, value, reason, why }, at) => (
        // A file may say the same thing twice.
        <li className={classes['entry']} key={`${at} ${setting}`}>
          {outcome === 'missing' && isNamed(setting) ? (
            <span>{t(NAMES[setting])}</span>
          ) : (
            <Setting path={printable(setting)} />
          )}
          {value !== undefined && <span className={classes['value']}>{printable(value)}</span>}
          {reason !== undefined && <Reason text={reason} why={why} />}
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

interface ReasonProps {
  /** What the helper said. */
  readonly text: string;
  /** Of an export: which reason it is. */
  readonly why?: ExportReason | undefined;
}

/** In the person's language, or in the helper's English, which readers are told. */
export function Reason({ text, why }: ReasonProps): ReactElement {
  // Rendered anew with the view when the language changes.
  useText();
  const language = activeLanguage();
  const translated = why === undefined ? translatedReason(text, language) : exportReasonText(why, language);
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
