import type { Texts } from '../../messages';
import type { settings as en } from '../en/settings';

export const settings: Texts<typeof en> = {
  'settings.lead': '그룹이나 제공업체에서 따로 정하지 않으면 게이트웨이 전체에 적용됩니다.',
};
