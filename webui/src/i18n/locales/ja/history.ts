import type { Texts } from '../../messages';
import type { history as en } from '../en/history';

export const history: Texts<typeof en> = {
  'history.lead': '設定のすべての変更です。誰が、いつ、何を変えたかを確認できます。',
};
