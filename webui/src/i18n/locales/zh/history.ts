import type { Texts } from '../../messages';
import type { history as en } from '../en/history';

export const history: Texts<typeof en> = {
  'history.lead': '配置的每一次变更：谁、何时、改之前是什么。',
};
