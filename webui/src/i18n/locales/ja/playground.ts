import type { Texts } from '../../messages';
import type { playground as en } from '../en/playground';

export const playground: Texts<typeof en> = {
  'playground.lead': 'グループに呼び出しを送り、その試行をすべて確認できます。',
};
