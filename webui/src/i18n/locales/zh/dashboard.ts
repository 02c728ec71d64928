import type { Texts } from '../../messages';
import type { dashboard as en } from '../en/dashboard';

export const dashboard: Texts<typeof en> = {
  'dashboard.lead': '网关此刻的服务状况，以及需要留意的地方。',
  'dashboard.nodes': '已连接节点',
  'dashboard.latest': '最近的调用',
  'dashboard.allCalls': '全部调用',
  'dashboard.attention.title': '需要关注',
  'dashboard.attention.sub': '状态并非健康的目标和凭据。',
  'dashboard.attention.none': '所有目标均健康。',
  'dashboard.attention.unknown': '没有已连接的节点，目标状态未知。',
  'dashboard.setup.title': '完成第一次调用',
  'dashboard.setup.sub': '每完成一步会自动打勾。',
  'dashboard.setup.done': '已完成',
  'dashboard.setup.provider': '添加供应商',
  'dashboard.setup.providerText':
    '即一个上游账户：地址、密钥，以及要使用的模型。保存下面的文件，填入您自己的值，然后应用。',
  'dashboard.setup.group': '创建分组',
  'dashboard.setup.groupText':
    '分组名就是应用要调用的名称。成员按优先级依次尝试，有了第二个成员，第一个出故障时服务也不会中断。',
  'dashboard.setup.key': '创建 API 密钥',
  'dashboard.setup.keyText': '应用发送的就是它。应用此文件时，密钥只显示一次。',
  'dashboard.setup.call': '发送第一次调用',
  'dashboard.setup.callText': '将密钥放入 TRUNKLINE_KEY 后发送下面的请求，或让任意 OpenAI SDK 指向同一地址。',
};
