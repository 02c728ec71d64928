import type { Texts } from '../../messages';
import type { common as en } from '../en/common';

export const common: Texts<typeof en> = {
  'action.copy': '복사',
  'action.copied': '복사됨',
  'action.clear': '지우기',
  'action.close': '닫기',
  'snippet.shell': '셸',
  'state.loading': '불러오는 중',
  'list.noMatch': '필터와 일치하는 항목이 없습니다',
  'list.more': '더 보기 ({n}개 남음)',
  'health.healthy': '정상',
  'health.degraded': '불안정',
  'health.probing': '확인 중',
  'health.cooling': '쿨다운 중',
  'health.disabled': '사용 안 함',
  'health.unserved': '응답할 멤버 없음',
  'health.unknown': '알 수 없음',
  'health.retryIn': '{time} 후 재시도',
  'health.retrySoon': '곧 재시도',
  'health.failures': '실패 {n}/{max}',
  'health.probingNote': '다음 호출로 복구 여부 확인',
  'health.onNodes': '노드 {of}개 중 {n}개',
  'health.needsHelp': '조치 필요',
  'price.none': '가격 없음',
  'price.perCall': '호출당 {price}',
  'price.cached': '캐시 {price}',
};
