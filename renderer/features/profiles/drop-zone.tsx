/** The whole window takes dropped files and pasted text. A file never becomes a navigation. */
import { type ReactElement, type ReactNode, useEffect, useRef, useState } from 'react';
import { Icon } from '../../components/icon.tsx';
import { useText } from '../../i18n/text.ts';
import { useImport } from './use-import.ts';
import classes from './drop-zone.module.css';

export function DropZone({ children }: { readonly children: ReactNode }): ReactElement {
  const t = useText();
  const importFiles = useImport();
  const [over, setOver] = useState(false);
  /** Entering a child comes before leaving its parent: count, do not toggle. */
  const depth = useRef(0);

  useEffect(() => {
    const onPaste = (event: ClipboardEvent): void => {
      const { target, clipboardData } = event;
      if (target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement) return;
      if (!clipboardData) return;
      event.preventDefault();
      const files = [...clipboardData.files];
      const text = clipboardData.getData('text/plain');
      if (files.length > 0) void importFiles(files);
      else if (text.trim() !== '') void importFiles([new File([text], t('import.pasted'))]);
    };
    addEventListener('paste', onPaste);
    return () => removeEventListener('paste', onPaste);
  }, [importFiles, t]);

  return (
    <div
      className={classes['zone']}
      onDragEnter={() => {
        depth.current++;
        setOver(true);
      }}
      onDragLeave={() => {
        depth.current--;
        if (depth.current <= 0) setOver(false);
      }}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        depth.current = 0;
        setOver(false);
        void importFiles([...event.dataTransfer.files]);
      }}
    >
      {children}
      {over && (
        <div className={classes['invitation']} role="status">
          <Icon name="file" />
          {t('import.drop')}
        </div>
      )}
    </div>
  );
}
