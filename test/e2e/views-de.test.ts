/** Every view in German. */
import { lookAtEveryView } from './every-view.ts';

lookAtEveryView('de');
