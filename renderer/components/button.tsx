/** The button in three weights. `primary` once a view. */
import { Button as BaseButton } from '@base-ui/react/button';
import type { ComponentProps, ReactElement } from 'react';
import classes from './button.module.css';

type Kind = 'primary' | 'quiet' | 'danger' | 'link';

interface ButtonProps extends Omit<ComponentProps<'button'>, 'className' | 'style' | 'ref'> {
  readonly kind?: Kind;
  /** The one big control of a view. */
  readonly large?: boolean;
}

export function Button({ kind = 'quiet', large = false, ...rest }: ButtonProps): ReactElement {
  const names = [classes['button'], classes[kind], large ? classes['large'] : undefined];
  return <BaseButton {...rest} className={names.filter(Boolean).join(' ')} />;
}
