/** What stands below a field and is read out with it: what is wrong with it, and a hint. */
import type { ReactElement } from 'react';
import classes from './field-notes.module.css';

export interface Notes {
  readonly hint?: string | undefined;
  /** In the helper's words, which are English, unless `problemIsTranslated`. */
  readonly problem?: string | undefined;
  readonly problemIsTranslated?: boolean;
}

/** Ids of the notes of the field `id`, for its `aria-describedby`; absent where there are none. */
export function describedBy(id: string, { hint, problem }: Notes): string | undefined {
  const ids = [
    ...(problem === undefined ? [] : [`${id}-problem`]),
    ...(hint === undefined ? [] : [`${id}-hint`]),
  ];
  return ids.length === 0 ? undefined : ids.join(' ');
}

export function FieldNotes({ id, hint, problem, problemIsTranslated }: Notes & { id: string }): ReactElement {
  return (
    <>
      {problem !== undefined && (
        <p
          id={`${id}-problem`}
          className={classes['problem']}
          lang={problemIsTranslated === true ? undefined : 'en'}
        >
          {problem}
        </p>
      )}
      {hint !== undefined && (
        <p id={`${id}-hint`} className={classes['hint']}>
          {hint}
        </p>
      )}
    </>
  );
}
