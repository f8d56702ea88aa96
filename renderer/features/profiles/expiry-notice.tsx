/** That a certificate of ours ends, or has ended: in words beside a triangle. Nothing where there is time. */
import { type ReactElement, useEffect } from 'react';
import type { ProfileSummary } from '#core/ipc/contract.ts';
import { Icon } from '../../components/icon.tsx';
import { type Text, useText } from '../../i18n/text.ts';
import { soonDays, urgencyOf } from '../../stores/expiry.ts';
import { useApp } from '../../stores/use-app.ts';
import classes from './expiry-notice.module.css';

/** `Expires in 3 days`, `Expired 1 day ago`: whole days, negative once it is over. */
export function expiryWords(days: number, t: Text): string {
  if (days < 0) return t('certificates.expired', { count: -days });
  return days === 0 ? t('certificates.today') : t('certificates.days-left', { count: days });
}

/** Asks for the certificates of the profiles that are shown. */
export function useExpiries(profiles: readonly ProfileSummary[]): void {
  const askExpiries = useApp((state) => state.askExpiries);
  useEffect(() => void askExpiries(profiles), [askExpiries, profiles]);
}

export function ExpiryWords({ days }: { readonly days: number }): ReactElement {
  const t = useText();
  return (
    <span className={classes['words']} data-expiry={urgencyOf(days)}>
      <Icon name="warning" />
      <span>{expiryWords(days, t)}</span>
    </span>
  );
}

/** Under the state of the main view. */
export function ExpiryNotice({ profile }: { readonly profile: ProfileSummary }): ReactElement | null {
  const t = useText();
  const askExpiries = useApp((state) => state.askExpiries);
  const notAfter = useApp((state) => state.expiries[profile.id]?.notAfter);
  useEffect(() => void askExpiries([profile]), [askExpiries, profile]);
  const days = soonDays(notAfter, Date.now());
  if (days === undefined) return null;
  return (
    <p className={classes['notice']} data-expiry={urgencyOf(days)}>
      <Icon name="warning" />
      <span>{t('certificates.own.soon', { when: expiryWords(days, t) })}</span>
    </p>
  );
}
