import { CONFIGURATION } from './pages/configuration';
import { HOUSE } from './pages/house';
import type { Shot } from './pages/shot';
import { TRAFFIC } from './pages/traffic';
import { TROUBLE } from './pages/trouble';

/** Every page that is photographed. */
export const SHOTS: readonly Shot[] = [...TRAFFIC, ...CONFIGURATION, ...HOUSE, ...TROUBLE];
