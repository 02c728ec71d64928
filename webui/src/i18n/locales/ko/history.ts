import type { Texts } from '../../messages';
import type { history as en } from '../en/history';

export const history: Texts<typeof en> = {
  'history.lead': '설정의 모든 변경 내역입니다. 누가, 언제, 무엇을 바꿨는지 볼 수 있습니다.',
};
