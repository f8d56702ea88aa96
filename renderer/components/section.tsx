/** A framed part of a view, under a heading of its own. */
import type { ReactElement, ReactNode } from 'react';
import classes from './section.module.css';

interface SectionProps {
  readonly title: string;
  readonly children: ReactNode;
}

export function Section({ title, children }: SectionProps): ReactElement {
  return (
    <section className={classes['section']}>
      <h2 className={classes['title']}>{title}</h2>
      {children}
    </section>
  );
}

/** One that is folded away until it is wanted. */
export function FoldedSection({
  title,
  open,
  onToggle,
  children,
}: SectionProps & { readonly open: boolean; readonly onToggle: (open: boolean) => void }): ReactElement {
  return (
    <details
      className={classes['section']}
      open={open}
      onToggle={(event) => onToggle(event.currentTarget.open)}
    >
      <summary className={classes['title']}>{title}</summary>
      <div className={classes['folded']}>{children}</div>
    </details>
  );
}
