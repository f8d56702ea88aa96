/** A message that stands out: a title, what to know, what to do. */
import type { ReactElement, ReactNode } from 'react';
import classes from './notice.module.css';

interface NoticeProps {
  readonly tone: 'attention' | 'blocked' | 'quiet';
  readonly children: ReactNode;
}

export function Notice({ tone, children }: NoticeProps): ReactElement {
  return <div className={`${classes['notice']} ${classes[tone]}`}>{children}</div>;
}
