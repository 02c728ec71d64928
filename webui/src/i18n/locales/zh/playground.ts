import type { Texts } from '../../messages';
import type { playground as en } from '../en/playground';

export const playground: Texts<typeof en> = {
  'playground.lead': '向分组发送调用，并查看每一次尝试。',
};
