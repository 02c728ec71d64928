import type { Texts } from '../../messages';
import type { playground as en } from '../en/playground';

export const playground: Texts<typeof en> = {
  'playground.lead': '그룹에 호출을 보내고 모든 시도를 확인합니다.',
};
