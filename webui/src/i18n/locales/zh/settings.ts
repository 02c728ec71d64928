import type { Texts } from '../../messages';
import type { settings as en } from '../en/settings';

export const settings: Texts<typeof en> = {
  'settings.lead': '适用于整个网关的设置，分组或供应商可以另行指定。',
};
