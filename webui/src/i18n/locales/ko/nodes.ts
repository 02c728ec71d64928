import type { Texts } from '../../messages';
import type { nodes as en } from '../en/nodes';

export const nodes: Texts<typeof en> = {
  'nodes.title': '노드',
  'nodes.sub': '최신 리비전은 {revision}입니다.',
  'nodes.none': '아직 연결된 노드가 없습니다. trunkline-dataplane으로 시작하세요.',
  'nodes.revision': '리비전 {revision}',
  'nodes.inFlight': '처리 중 {n}건',
  'nodes.waiting': '전송 대기 기록 {n}건',
  'nodes.dropped': '유실된 기록 {n}건',
  'nodes.live': '최신 상태',
  'nodes.behind': '동기화 중',
  'nodes.refused': '리비전 거부',
  'nodes.lost': '연결 안 됨',
  'nodes.seen': '마지막 확인',
  'nodes.lead': '앱에 응답하는 데이터 플레인 노드와 각 노드가 제공하는 리비전입니다.',
};
