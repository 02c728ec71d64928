import type { Texts } from '../../messages';
import type { keywords as en } from '../en/keywords';

export const keywords: Texts<typeof en> = {
  'keywords.lead': '即使状态码为成功，只要应答中出现这些词，也按失败处理并尝试下一个成员。',
};
