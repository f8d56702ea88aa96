/** The sign of the application, as assets/icon/adit.svg has it: a shield, and in it an adit, the way into the mountain. */
import type { ReactElement } from 'react';
import classes from './logo.module.css';

export function Logo(): ReactElement {
  return (
    <svg className={classes['logo']} viewBox="0 0 64 64" aria-hidden="true">
      <rect className={classes['ground']} x="2" y="2" width="60" height="60" rx="14" />
      <path
        className={classes['shield']}
        d="M32 9 51 15.5V31c0 12-7.6 19.8-19 24.5C20.6 50.8 13 43 13 31V15.5z"
      />
      <path
        className={classes['door']}
        d="M22 44V31.5a10 10 0 0 1 20 0V44c-2.7 2.3-6 4.2-10 6-4-1.8-7.3-3.7-10-6z"
      />
      <path className={classes['light']} d="M28.5 46.5V34a3.5 3.5 0 0 1 7 0v12.5L32 48.3z" />
    </svg>
  );
}
