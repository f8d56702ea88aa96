/** Which view is shown, and what works in all of them: dropping and pasting a file, Esc to go back. */
import { type ReactElement, useEffect } from 'react';
import { ProblemBar } from './components/problem-bar.tsx';
import { AboutView } from './features/about/about-view.tsx';
import { HelperView } from './features/helper/helper-view.tsx';
import { CertificatesView } from './features/profiles/certificates-view.tsx';
import { LogsView } from './features/logs/logs-view.tsx';
import { DropZone } from './features/profiles/drop-zone.tsx';
import { EditView } from './features/profiles/edit-view.tsx';
import { ExportView } from './features/profiles/export-view.tsx';
import { ImportView } from './features/profiles/import-view.tsx';
import { ProfileView } from './features/profiles/profile-view.tsx';
import { ProfilesView } from './features/profiles/profiles-view.tsx';
import { ReportView } from './features/report/report-view.tsx';
import { SettingsView } from './features/settings/settings-view.tsx';
import { DetailsView } from './features/tunnel/details-view.tsx';
import { QuestionDialog } from './features/tunnel/question-dialog.tsx';
import { SecretDialog } from './features/tunnel/secret-dialog.tsx';
import { TunnelView } from './features/tunnel/tunnel-view.tsx';
import type { View } from './stores/ui.ts';
import { useApp } from './stores/use-app.ts';
import { useAppearance } from './features/settings/use-appearance.ts';
import classes from './app.module.css';

const VIEWS: Readonly<Record<View, () => ReactElement | null>> = {
  tunnel: TunnelView,
  details: DetailsView,
  profiles: ProfilesView,
  profile: ProfileView,
  edit: EditView,
  certificates: CertificatesView,
  export: ExportView,
  import: ImportView,
  settings: SettingsView,
  logs: LogsView,
  report: ReportView,
  about: AboutView,
};

/** What is of use without a helper, too. */
const WITHOUT_HELPER: ReadonlySet<View> = new Set(['report', 'about']);

export function App(): ReactElement {
  const view = useApp((state) => state.view);
  const isUp = useApp((state) => state.link.state === 'up');
  const back = useApp((state) => state.back);
  const quit = useApp((state) => state.quit);
  useAppearance();

  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      // A dialog takes its Esc itself.
      if (event.key === 'Escape' && !event.defaultPrevented) back();
      if (event.key.toLowerCase() === 'q' && event.ctrlKey) void quit();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [back, quit]);

  if (!isUp && !WITHOUT_HELPER.has(view)) return <HelperView />;
  const Current = VIEWS[view];
  return (
    <DropZone>
      <div className={classes['view']} key={view}>
        <Current />
      </div>
      <ProblemBar />
      <SecretDialog />
      <QuestionDialog />
    </DropZone>
  );
}
