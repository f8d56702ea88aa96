/** The two kinds of fields there are: one of several, and on or off. The browser's own controls, so every keyboard and reader knows them. */
import { type ReactElement, useId } from 'react';
import classes from './fields.module.css';

interface ChoiceProps<V extends string> {
  readonly label: string;
  readonly value: V;
  readonly options: readonly (readonly [value: V, label: string])[];
  readonly onChange: (value: V) => void;
  /** What the chosen one means. */
  readonly hint?: string | undefined;
  /** In the helper's words, which are English, unless `problemIsTranslated`. */
  readonly problem?: string | undefined;
  readonly problemIsTranslated?: boolean;
}

export function Choice<V extends string>(props: ChoiceProps<V>): ReactElement {
  const { label, hint, problem, problemIsTranslated, ...rest } = props;
  const id = useId();
  const described = [
    ...(problem === undefined ? [] : [`${id}-problem`]),
    ...(hint === undefined ? [] : [`${id}-hint`]),
  ].join(' ');
  return (
    <div className={classes['field']}>
      <label htmlFor={id}>{label}</label>
      <Select
        id={id}
        {...rest}
        isWrong={problem !== undefined}
        {...(described === '' ? {} : { describedBy: described })}
      />
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

interface SelectProps<V extends string> extends Pick<ChoiceProps<V>, 'value' | 'options' | 'onChange'> {
  /** Of the label; `name` says it where there is none to see. */
  readonly id?: string;
  readonly name?: string;
  readonly isWrong?: boolean;
  /** Ids of what is read out with it. */
  readonly describedBy?: string;
}

export function Select<V extends string>(props: SelectProps<V>): ReactElement {
  const { id, name, value, options, onChange, isWrong = false, describedBy } = props;
  const choose = (chosen: string): void => {
    const option = options.find(([known]) => known === chosen);
    if (option) onChange(option[0]);
  };
  return (
    <select
      id={id}
      aria-label={name}
      className={classes['select']}
      value={value}
      onChange={(event) => choose(event.target.value)}
      aria-invalid={isWrong}
      aria-describedby={describedBy}
    >
      {options.map(([known, text]) => (
        <option key={known} value={known}>
          {text}
        </option>
      ))}
    </select>
  );
}

interface SwitchProps {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly checked: boolean;
  readonly disabled?: boolean;
  readonly onChange: (checked: boolean) => void;
}

export function Switch({ label, hint, checked, disabled = false, onChange }: SwitchProps): ReactElement {
  const id = useId();
  return (
    <div className={classes['switch']}>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="checkbox"
        role="switch"
        checked={checked}
        disabled={disabled}
        onChange={(event) => onChange(event.target.checked)}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
      />
      {hint !== undefined && (
        <p id={`${id}-hint`} className={classes['hint']}>
          {hint}
        </p>
      )}
    </div>
  );
}
