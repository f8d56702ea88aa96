/** The state as a shape: a shield that is empty, in the making, closed with a tick, or a triangle that wants attention. */
import type { ReactElement } from 'react';
import type { Mark } from '../features/tunnel/presentation.ts';
import classes from './state-mark.module.css';

const SHIELD = 'M48 10 80 21v25c0 20-13 34-32 41C29 80 16 66 16 46V21z';
const TRIANGLE = 'M48 14 88 82H8z';

export function StateMark({ mark }: { readonly mark: Mark }): ReactElement {
  return (
    <svg className={`${classes['mark']} ${classes[mark]}`} viewBox="0 0 96 96" aria-hidden="true">
      {mark === 'attention' ? (
        <>
          <path className={classes['body']} d={TRIANGLE} />
          <path className={classes['sign']} d="M48 38v20M48 69.5v.5" />
        </>
      ) : (
        <>
          <path className={classes['body']} d={SHIELD} />
          {mark === 'secured' && <path className={classes['sign']} d="M34 48l10 10 19-20" />}
          {mark === 'securing' && <path className={classes['sign']} d="M34 48h.01M48 48h.01M62 48h.01" />}
          {mark === 'exposed' && <path className={classes['sign']} d="M36 36l24 24M60 36 36 60" />}
        </>
      )}
    </svg>
  );
}
