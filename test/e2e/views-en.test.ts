/** Every view in English. */
import { lookAtEveryView } from './every-view.ts';

lookAtEveryView('en');
