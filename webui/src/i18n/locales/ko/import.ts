import type { Texts } from '../../messages';
import type { imports as en } from '../en/import';

export const imports: Texts<typeof en> = {};
