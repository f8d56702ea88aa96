/** The store for components. */
import { createContext, useContext } from 'react';
import { type StoreApi, useStore } from 'zustand';
import type { AppStore } from './store.ts';

export const StoreContext = createContext<StoreApi<AppStore> | undefined>(undefined);

export function useApp<T>(select: (state: AppStore) => T): T {
  const store = useContext(StoreContext);
  if (!store) throw new Error('useApp outside of StoreContext');
  return useStore(store, select);
}
