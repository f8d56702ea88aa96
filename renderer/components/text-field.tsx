/** A text to type, in a line or in several, with a hint and what is wrong with it; both are read out with the field. */
import { type ChangeEvent, type ReactElement, type ReactNode, useId } from 'react';
import { describedBy, FieldNotes, type Notes } from './field-notes.tsx';
import classes from './text-field.module.css';

interface TextFieldProps extends Notes {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly kind?: 'text' | 'password' | 'number' | 'lines';
  /** Names, addresses, algorithms: in letters of one width. */
  readonly code?: boolean;
  /** Stands in the same line: the unit of a number. */
  readonly after?: ReactNode;
}

export function TextField(props: TextFieldProps): ReactElement {
  const { label, value, onChange, kind = 'text', code = false, after, ...notes } = props;
  const id = useId();
  const common = {
    id,
    value,
    className: [classes['input'], code ? classes['code'] : undefined].filter(Boolean).join(' '),
    onChange: (event: ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) => onChange(event.target.value),
    autoComplete: 'off',
    spellCheck: false,
    'aria-invalid': notes.problem !== undefined,
    'aria-describedby': describedBy(id, notes),
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
      <FieldNotes id={id} {...notes} />
    </div>
  );
}
