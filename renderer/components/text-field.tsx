/** A text to type, in a line or in several, with a hint and what is wrong with it; both are read out with the field. */
import { type ChangeEvent, type ReactElement, type ReactNode, useId } from 'react';
import classes from './text-field.module.css';

interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly hint?: string | undefined;
  /** In the helper's words, which are English, unless `problemIsTranslated`. */
  readonly problem?: string | undefined;
  readonly problemIsTranslated?: boolean;
  readonly kind?: 'text' | 'password' | 'number' | 'lines';
  /** Names, addresses, algorithms: in letters of one width. */
  readonly code?: boolean;
  /** Stands in the same line: the unit of a number. */
  readonly after?: ReactNode;
}

export function TextField(props: TextFieldProps): ReactElement {
  const {
    label,
    value,
    onChange,
    hint,
    problem,
    problemIsTranslated,
    kind = 'text',
    code = false,
    after,
  } = props;
  const id = useId();
  const described = [
    ...(problem === undefined ? [] : [`${id}-problem`]),
    ...(hint === undefined ? [] : [`${id}-hint`]),
  ].join(' ');
  const common = {
    id,
    value,
    className: [classes['input'], code ? classes['code'] : undefined].filter(Boolean).join(' '),
    onChange: (event: ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) => onChange(event.target.value),
    autoComplete: 'off',
    spellCheck: false,
    'aria-invalid': problem !== undefined,
    ...(described === '' ? {} : { 'aria-describedby': described }),
  };
  return (
    <div className={classes['field']}>
      <label htmlFor={id}>{label}</label>
      {kind === 'lines' ? (
        <textarea {...common} rows={Math.min(6, Math.max(2, value.split('\n').length))} />
      ) : (
        <span className={classes['line']}>
          <input
            {...common}
            type={kind === 'password' ? 'password' : 'text'}
            inputMode={kind === 'number' ? 'numeric' : undefined}
          />
          {after}
        </span>
      )}
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
    </div>
  );
}
