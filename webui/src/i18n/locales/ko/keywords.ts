import type { Texts } from '../../messages';
import type { keywords as en } from '../en/keywords';

export const keywords: Texts<typeof en> = {
  'keywords.lead': '상태 코드가 성공이어도 응답에 이 단어가 있으면 실패로 보고 다음 멤버를 시도합니다.',
};
