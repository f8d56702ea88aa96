/** The two kinds of fields there are: one of several, and on or off. The browser's own controls, so every keyboard and reader knows them. */
import { type ReactElement, useId } from 'react';
import classes from './fields.module.css';

interface ChoiceProps<V extends string> {
  readonly label: string;
  readonly value: V;
  readonly options: readonly (readonly [value: V, label: string])[];
  readonly onChange: (value: V) => void;
}

export function Choice<V extends string>({ label, ...rest }: ChoiceProps<V>): ReactElement {
  const id = useId();
  return (
    <div className={classes['field']}>
      <label htmlFor={id}>{label}</label>
      <Select id={id} {...rest} />
    </div>
  );
}

interface SelectProps<V extends string> extends Omit<ChoiceProps<V>, 'label'> {
  /** Of the label; `name` says it where there is none to see. */
  readonly id?: string;
  readonly name?: string;
}

export function Select<V extends string>(props: SelectProps<V>): ReactElement {
  const { id, name, value, options, onChange } = props;
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
