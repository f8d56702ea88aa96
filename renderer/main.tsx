/** Starts the window: language, store, bridge, first view. */
import { CSPProvider } from '@base-ui/react/csp-provider';
import { I18nProvider } from '@lingui/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { chooseLanguage } from '#core/text/languages.ts';
import type { Bridge } from '#electron/bridge-contract.ts';
import { App } from './app.tsx';
import './base.css';
import { i18n, setLanguage } from './i18n/text.ts';
import { createAppStore, follow } from './stores/store.ts';
import { StoreContext } from './stores/use-app.ts';

declare global {
  interface Window {
    readonly adit: Bridge;
  }
}

const language = chooseLanguage(navigator.languages);
setLanguage(language, navigator.languages.find((tag) => tag.startsWith(language)) ?? language);
document.documentElement.lang = language;

const store = createAppStore({
  bridge: window.adit,
  setTimer(ms, then) {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  },
});
follow(store, window.adit);

const root = document.getElementById('root');
if (!root) throw new Error('the page has no #root');
createRoot(root).render(
  <StrictMode>
    <CSPProvider disableStyleElements>
      <I18nProvider i18n={i18n}>
        <StoreContext value={store}>
          <App />
        </StoreContext>
      </I18nProvider>
    </CSPProvider>
  </StrictMode>,
);
