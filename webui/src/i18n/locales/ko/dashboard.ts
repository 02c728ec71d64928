import type { Texts } from '../../messages';
import type { dashboard as en } from '../en/dashboard';

export const dashboard: Texts<typeof en> = {
  'dashboard.lead': '게이트웨이의 현재 상태와 살펴볼 항목입니다.',
  'dashboard.nodes': '연결된 노드',
  'dashboard.latest': '최근 호출',
  'dashboard.allCalls': '모든 호출',
  'dashboard.attention.title': '확인 필요',
  'dashboard.attention.sub': '정상이 아닌 타깃과 자격 증명입니다.',
  'dashboard.attention.none': '모든 타깃이 정상입니다.',
  'dashboard.attention.unknown': '연결된 노드가 없어 타깃 상태를 알 수 없습니다.',
  'dashboard.setup.title': '첫 호출까지',
  'dashboard.setup.sub': '완료된 단계는 자동으로 표시됩니다.',
  'dashboard.setup.done': '완료',
  'dashboard.setup.provider': '제공업체 추가',
  'dashboard.setup.providerText':
    '업스트림 계정입니다. 주소, 키, 사용할 모델을 적습니다. 저장한 뒤 값을 바꾸고 적용하세요.',
  'dashboard.setup.group': '그룹 만들기',
  'dashboard.setup.groupText':
    '앱이 호출할 이름입니다. 멤버는 우선순위 순으로 시도되므로, 두 번째 멤버가 있으면 첫 번째에 장애가 나도 멈추지 않습니다.',
  'dashboard.setup.key': 'API 키 만들기',
  'dashboard.setup.keyText': '앱이 보내는 키입니다. 파일을 적용할 때 한 번만 표시됩니다.',
  'dashboard.setup.call': '첫 호출 보내기',
  'dashboard.setup.callText': '키를 TRUNKLINE_KEY에 넣고 아래 요청을 보내거나, OpenAI SDK를 같은 주소로 연결하세요.',
};
