/** From files, wherever they come from, to the preview. */
import { useCallback } from 'react';
import { i18n, useText } from '../../i18n/text.ts';
import { useApp } from '../../stores/use-app.ts';
import { type ReadableFile, readFiles } from './read-files.ts';

export function useImport(): (files: readonly ReadableFile[]) => Promise<void> {
  const t = useText();
  const preview = useApp((state) => state.preview);
  const failImport = useApp((state) => state.failImport);
  return useCallback(
    async (files) => {
      const read = await readFiles(files, t, i18n.locale);
      if (read.ok) await preview(read.files);
      else failImport(read.names, read.message);
    },
    [t, preview, failImport],
  );
}
