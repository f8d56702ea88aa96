/** Every view in Simplified Chinese. */
import { lookAtEveryView } from './every-view.ts';

lookAtEveryView('zh');
