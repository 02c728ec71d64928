import type { Texts } from '../../messages';
import type { keys as en } from '../en/keys';

export const keys: Texts<typeof en> = {
  'keys.lead': '앱이 베어러 토큰으로 보내는 키입니다. 할당된 그룹만 볼 수 있습니다.',
  'keys.filter': 'API 키 필터',
  'keys.name': '이름',
  'keys.key': '키',
  'keys.groups': '그룹',
  'keys.noGroup': '그룹이 없어 아무것도 호출할 수 없음',
  'keys.moreGroups': '외 {n}개',
  'keys.status': '상태',
  'keys.active': '사용 중',
  'keys.expiring': '곧 만료',
  'keys.expired': '만료됨',
  'keys.disabled': '사용 안 함',
  'keys.expires': '만료',
  'keys.never': '없음',
  'keys.created': '생성',
  'keys.empty': '아직 API 키가 없습니다',
  'keys.emptyHow':
    'API 키가 있으면 앱이 할당된 그룹을 사용할 수 있습니다. 파일로 저장하고 적용하세요. 키는 한 번만 표시됩니다.',
};
