/** A question in front of the view. Focus, Esc and the rest of the keyboard are Base UI's. */
import { Dialog as BaseDialog } from '@base-ui/react/dialog';
import type { ReactElement, ReactNode } from 'react';
import classes from './dialog.module.css';

interface DialogProps {
  readonly title: string;
  readonly text: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

export function Dialog({ title, text, onClose, children }: DialogProps): ReactElement {
  return (
    <BaseDialog.Root open onOpenChange={(open) => !open && onClose()}>
      <BaseDialog.Portal>
        <BaseDialog.Backdrop className={classes['backdrop']} />
        <BaseDialog.Popup className={classes['popup']}>
          <BaseDialog.Title className={classes['title']}>{title}</BaseDialog.Title>
          <BaseDialog.Description className={classes['text']}>{text}</BaseDialog.Description>
          {children}
        </BaseDialog.Popup>
      </BaseDialog.Portal>
    </BaseDialog.Root>
  );
}

export function DialogButtons({ children }: { readonly children: ReactNode }): ReactElement {
  return <div className={classes['buttons']}>{children}</div>;
}
