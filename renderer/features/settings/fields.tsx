/** The two kinds of fields there are: one of several, and on or off. The browser's own controls, so every keyboard and reader knows them. */
import { type ReactElement, useId } from 'react';
import { describedBy, FieldNotes, type Notes } from '../../components/field-notes.tsx';
import classes from './fields.module.css';

interface ChoiceProps<V extends string> extends Notes {
  readonly label: string;
  readonly value: V;
  readonly options: readonly (readonly [value: V, label: string])[];
  readonly onChange: (value: V) => void;
}

export function Choice<V extends string>(props: ChoiceProps<V>): ReactElement {
  const { label, value, options, onChange, ...notes } = props;
  const id = useId();
  return (
    <div className={classes['field']}>
      <label htmlFor={id}>{label}</label>
      <Select
        id={id}
        value={value}
        options={options}
        onChange={onChange}
        isWrong={notes.problem !== undefined}
        describedBy={describedBy(id, notes)}
      />
      <FieldNotes id={id} {...notes} />
    </div>
  );
}

interface SelectProps<V extends string> extends Pick<ChoiceProps<V>, 'value' | 'options' | 'onChange'> {
  /** Of the label; `name` says it where there is none to see. */
  readonly id?: string;
  readonly name?: string;
  readonly isWrong?: boolean;
  /** Ids of what is read out with it. */
  readonly describedBy?: string | undefined;
}

export function Select<V extends string>(props: SelectProps<V>): ReactElement {
  const { id, name, value, options, onChange, isWrong = false } = props;
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
      aria-describedby={props.describedBy}
    >
      {options.map(([known, text]) => (
        <option key={known} value={known}>
          {text}
        </option>
      ))}
    </select>
  );
}

interface SwitchProps extends Pick<Notes, 'hint'> {
  readonly label: string;
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
        aria-describedby={describedBy(id, { hint })}
      />
      <FieldNotes id={id} hint={hint} />
    </div>
  );
}
