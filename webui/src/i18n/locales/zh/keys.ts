import type { Texts } from '../../messages';
import type { keys as en } from '../en/keys';

export const keys: Texts<typeof en> = {
  'keys.lead': '应用作为 Bearer 令牌发送的密钥。密钥只能看到分配给它的分组。',
  'keys.filter': '筛选 API 密钥',
  'keys.name': '名称',
  'keys.key': '密钥',
  'keys.groups': '分组',
  'keys.noGroup': '未分配分组，无法调用任何模型',
  'keys.moreGroups': '还有 {n} 个',
  'keys.status': '状态',
  'keys.active': '有效',
  'keys.expiring': '即将过期',
  'keys.expired': '已过期',
  'keys.disabled': '已停用',
  'keys.expires': '过期时间',
  'keys.never': '永不过期',
  'keys.created': '创建时间',
  'keys.empty': '还没有 API 密钥',
  'keys.emptyHow': 'API 密钥让应用可以使用您分配给它的分组。将下面的内容保存为文件并应用：密钥只显示一次。',
};
