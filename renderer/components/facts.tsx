/** Labels and values in two columns that line up. */
import type { ReactElement } from 'react';
import classes from './facts.module.css';

export interface Fact {
  readonly label: string;
  /** A line each. */
  readonly values: readonly string[];
  readonly kind?: 'text' | 'code' | 'number';
}

export function Facts({ facts }: { readonly facts: readonly Fact[] }): ReactElement {
  return (
    <dl className={classes['facts']}>
      {facts.map(({ label, values, kind = 'text' }) => (
        <div className={classes['fact']} key={label}>
          <dt>{label}</dt>
          <dd className={classes[kind]}>
            {values.map((value) => (
              <span className={classes['value']} key={value}>
                {value}
              </span>
            ))}
          </dd>
        </div>
      ))}
    </dl>
  );
}
