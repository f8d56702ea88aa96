/** The certificates of a profile: whose, by whom, until when, and what is wrong with them. Nothing is verified here. */
import type { ReactElement } from 'react';
import type { CertificateEntry } from '#core/ipc/profile-calls.ts';
import { printable } from '#core/text/printable.ts';
import { type Fact, Facts } from '../../components/facts.tsx';
import { Icon } from '../../components/icon.tsx';
import { Notice } from '../../components/notice.tsx';
import { View } from '../../components/view.tsx';
import { date, fingerprint } from '../../format/certificates.ts';
import { i18n, type Text, useText } from '../../i18n/text.ts';
import { useApp } from '../../stores/use-app.ts';
import { expiryWords } from './expiry-notice.tsx';
import classes from './certificates-view.module.css';

export function CertificatesView(): ReactElement {
  const t = useText();
  const back = useApp((state) => state.back);
  const asked = useApp((state) => state.opened?.certificates) ?? {};
  return (
    <View title={t('certificates.title')} onBack={back}>
      {asked.problem !== undefined && (
        <Notice tone="attention">
          <p lang="en">{asked.problem}</p>
        </Notice>
      )}
      {!asked.value && asked.problem === undefined && <p role="status">{t('certificates.reading')}</p>}
      {asked.value?.length === 0 && <p>{t('certificates.none')}</p>}
      {asked.value?.map((entry, at) => (
        <OneCertificate entry={entry} key={`${at} ${entry.sha256}`} />
      ))}
    </View>
  );
}

function OneCertificate({ entry }: { readonly entry: CertificateEntry }): ReactElement {
  const t = useText();
  return (
    <section className={classes['certificate']} data-role={entry.role}>
      <h2 className={classes['role']}>{t(`certificates.role.${entry.role}`)}</h2>
      {entry.readable ? (
        <>
          <State entry={entry} />
          <Facts facts={factsOf(entry, t)} />
        </>
      ) : (
        <>
          <p className={classes['state']} data-tone="attention">
            <Icon name="warning" />
            <span>{t('certificates.unreadable')}</span>
          </p>
          <p lang="en">{printable(entry.problem, 512)}</p>
          {entry.sha256 !== null && (
            <Facts
              facts={[{ label: t('certificates.sha256'), values: fingerprint(entry.sha256), kind: 'code' }]}
            />
          )}
        </>
      )}
    </section>
  );
}

type Readable = Extract<CertificateEntry, { readonly readable: true }>;

/** Said by the days that are left. */
const BY_DAYS: readonly string[] = ['expired', 'expires-soon'];

function State({ entry }: { readonly entry: Readable }): ReactElement {
  const t = useText();
  const { warnings, expiresInDays } = entry;
  const isNear = warnings.some((warning) => BY_DAYS.includes(warning));
  return (
    <>
      {isNear ? (
        <p className={classes['state']} data-tone="attention">
          <Icon name="warning" />
          <span>{expiryWords(expiresInDays, t)}</span>
        </p>
      ) : (
        !warnings.includes('not-yet-valid') && (
          <p className={classes['state']} data-tone="good">
            <Icon name="chosen" />
            <span>{t('certificates.good', { count: expiresInDays })}</span>
          </p>
        )
      )}
      {warnings
        .filter((warning) => !BY_DAYS.includes(warning))
        .map((warning) => (
          <p className={classes['state']} data-tone="attention" key={warning}>
            <Icon name="warning" />
            <span>{t(`certificates.warning.${warning}`)}</span>
          </p>
        ))}
    </>
  );
}

/** On one line, whatever the column is wide. */
const unbroken = (text: string): string => text.replaceAll(' ', '\u00a0');

function factsOf(entry: Readable, t: Text): Fact[] {
  const { subject, issuer, names, moreNames, notBefore, notAfter, keyType, serial, sha256 } = entry;
  const more = moreNames === 0 ? [] : [t('certificates.more-names', { count: moreNames })];
  const range = {
    from: unbroken(date(notBefore, i18n.locale)),
    until: unbroken(date(notAfter, i18n.locale)),
  };
  const facts: Fact[] = [
    { label: t('certificates.subject'), values: [printable(subject, 512)] },
    { label: t('certificates.issuer'), values: [printable(issuer, 512)] },
    { label: t('certificates.names'), values: [...names.map((name) => printable(name, 256)), ...more] },
    { label: t('certificates.valid'), values: [t('certificates.valid.range', range)], kind: 'number' },
    { label: t('certificates.key'), values: [printable(keyType, 64)] },
    { label: t('certificates.serial'), values: [printable(serial, 64)], kind: 'code' },
    { label: t('certificates.sha256'), values: fingerprint(sha256), kind: 'code' },
  ];
  return facts.filter(({ values }) => values.length > 0);
}
