import type { Texts } from '../../messages';
import type { settings as en } from '../en/settings';

export const settings: Texts<typeof en> = {
  'settings.lead': 'グループやプロバイダーで個別に指定しない限り、ゲートウェイ全体に適用されます。',
};
