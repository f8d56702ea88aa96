/**
 * Lifetimes as people say them: a whole number of the largest unit that gives one, so that nothing is rounded. A profile
 * keeps seconds. The form and the preview of an import use it.
 */

export const LIFETIME_UNITS = { hours: 3600, minutes: 60, seconds: 1 } as const;
export type LifetimeUnit = keyof typeof LIFETIME_UNITS;

const LARGEST_FIRST = ['hours', 'minutes', 'seconds'] as const satisfies readonly LifetimeUnit[];

/** 7200 is 2 hours, 5400 is 90 minutes, 3601 is 3601 seconds. */
export function lifetimeOf(seconds: number): { readonly count: number; readonly unit: LifetimeUnit } {
  const unit =
    LARGEST_FIRST.find((one) => seconds >= LIFETIME_UNITS[one] && seconds % LIFETIME_UNITS[one] === 0) ??
    'seconds';
  return { count: seconds / LIFETIME_UNITS[unit], unit };
}

const INTL_UNITS = { hours: 'hour', minutes: 'minute', seconds: 'second' } as const;

/** `90 minutes`, `90 Minuten`, `90分钟`. `locale` as i18n has it. */
export function lifetime(seconds: number, locale: string): string {
  const { count, unit } = lifetimeOf(seconds);
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: INTL_UNITS[unit],
    unitDisplay: 'long',
  }).format(count);
}
