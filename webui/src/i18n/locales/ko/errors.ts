import type { Texts } from '../../messages';
import type { errors as en } from '../en/errors';

export const errors: Texts<typeof en> = {
  'error.retry': '다시 시도',
  'error.requestId': '요청',
  'error.unavailable': '지금은 사용할 수 없습니다',
  'error.unreachable': '컨트롤 플레인이 응답하지 않습니다',
  'error.unreachableHelp':
    '노드는 가지고 있는 설정으로 호출을 계속 처리합니다. 컨트롤 플레인이 실행 중인지 확인한 뒤 다시 시도하세요.',
  'error.unauthenticated': '세션이 종료되었습니다',
  'error.denied': '볼 권한이 없습니다',
  'error.notFound': '더 이상 존재하지 않습니다',
  'error.throttled': '요청이 너무 잦습니다',
  'error.internal': '컨트롤 플레인에서 문제가 발생했습니다',
  'error.unimplemented': '컨트롤 플레인이 이 요청을 알지 못합니다. 콘솔보다 오래된 버전인가요?',
  'error.unknown': '문제가 발생했습니다',
  'error.invalid': '허용되지 않는 값이 있습니다',
  'error.exists': '이미 사용 중인 이름입니다',
  'error.precondition': '현재 상태에서는 할 수 없습니다',
  'error.conflict': '다른 사람이 먼저 변경했습니다',
};
