import type { Texts } from '../../messages';
import type { rollout as en } from '../en/rollout';

export const rollout: Texts<typeof en> = {
  'rollout.canaryOn': '변경을 일부 노드에서 먼저 시험',
  'rollout.canaryOnHow':
    '해당 노드를 지켜본 뒤 문제가 없으면 약 {time} 후 나머지 노드에 전달합니다. 노드가 두 개 이상 필요합니다.',
  'rollout.percent': '노드 비율',
  'rollout.percentHow': '1~50퍼센트, 최소 노드 하나',
  'rollout.firstNodes': '항상 이 노드 사용',
  'rollout.firstNodesHow': '비율 대신 사용합니다. 모두 연결되어 있지 않으면 비율을 따릅니다',
  'rollout.noFirstNodes': '없음',
  'rollout.watch': '관찰 시간',
  'rollout.watchHow': '적용 후 1초~1시간',
  'rollout.title': '리비전 {revision}을(를) {nodes}에서 시험 중',
  'rollout.heldTitle': '리비전 {revision} 배포가 보류되었습니다',
  'rollout.applying': '적용 중',
  'rollout.watching': '{time} 동안 관찰',
  'rollout.held': '보류됨',
  'rollout.sub': '나머지 노드는 리비전 {base}을(를) 제공하며, API 키는 최신입니다.',
  'rollout.failed': '실패한 요청',
  'rollout.ofFirst': '시험 노드 {requests}건 중 {failed}건, 나머지 노드 {otherRequests}건 중 {otherFailed}건',
  'rollout.nodes': '시험 노드',
  'rollout.lostNodes': '연결이 끊긴 노드',
  'rollout.started': '시작',
  'rollout.reason': '이유',
  'rollout.promote': '모든 노드에 전달',
  'rollout.promoteTitle': '리비전 {revision}을(를) 모든 노드에 전달할까요?',
  'rollout.promoteText': '시험 노드의 상태와 관계없이 모든 노드에 지금 전달됩니다.',
  'rollout.promoted': '리비전 {revision}을(를) 모든 노드에 전달합니다.',
  'rollout.abort': '되돌리기',
  'rollout.abortTitle': '리비전 {revision}을(를) 되돌릴까요?',
  'rollout.abortText':
    '제공자, 그룹, 실패 키워드, 설정을 리비전 {base}의 내용으로 되돌린 새 리비전을 만들어 모든 노드에 즉시 전달합니다. API 키와 교체된 비밀 값은 그대로 유지됩니다.',
  'rollout.aborted': '리비전 {revision}에서 변경을 되돌렸습니다.',
};
