/** The system's file dialog, by a button. Without a filter: a profile from an IT department may have any name. */
import { type ReactElement, useRef } from 'react';
import { Button } from '../../components/button.tsx';
import type { MessageId } from '../../i18n/en.ts';
import { useText } from '../../i18n/text.ts';
import { useImport } from './use-import.ts';

interface ChooseFileProps {
  readonly kind: 'primary' | 'quiet';
  readonly large?: boolean;
  /** Where the view does not say what the file is for. */
  readonly label?: MessageId;
}

export function ChooseFile({ kind, large = false, label = 'import.choose' }: ChooseFileProps): ReactElement {
  const t = useText();
  const input = useRef<HTMLInputElement>(null);
  const importFiles = useImport();
  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label={t('import.choose')}
        onChange={(event) => {
          void importFiles([...(event.target.files ?? [])]);
          // The same file may be chosen again after it was corrected.
          event.target.value = '';
        }}
      />
      <Button kind={kind} large={large} onClick={() => input.current?.click()}>
        {t(label)}
      </Button>
    </>
  );
}
