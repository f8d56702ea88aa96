/** Small drawings, always beside a word or under a name: they are hidden from readers. */
import type { ReactElement } from 'react';
import classes from './icon.module.css';

const PATHS = {
  back: 'M15 5l-7 7 7 7',
  remove: 'M5 7h14M10 7V5h4v2M7 7l1 12h8l1-12M10.5 11v4.5M13.5 11v4.5',
  more: 'M9 5l7 7-7 7',
  warning: 'M12 4l9 16H3zM12 10v4.5M12 17v.2',
  chosen: 'M5 12.5l4.5 4.5L19 7.5',
  settings: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5',
  file: 'M7 3.5h7l4 4v13H7zM14 3.5v4h4M12.5 17v-6M10 13.5l2.5-2.5 2.5 2.5',
} as const;

export function Icon({ name }: { readonly name: keyof typeof PATHS }): ReactElement {
  return (
    <svg className={classes['icon']} viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
