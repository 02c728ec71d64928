import type { Texts } from '../../messages';
import type { keywords as en } from '../en/keywords';

export const keywords: Texts<typeof en> = {
  'keywords.lead': 'ステータスが成功でも、応答にこの語句があれば失敗とみなし、次のメンバーを試します。',
};
