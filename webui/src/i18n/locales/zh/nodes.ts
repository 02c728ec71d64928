import type { Texts } from '../../messages';
import type { nodes as en } from '../en/nodes';

export const nodes: Texts<typeof en> = {
  'nodes.title': '节点',
  'nodes.sub': '最新版本为 {revision}。',
  'nodes.none': '还没有节点连接。请用 trunkline-dataplane 启动一个。',
  'nodes.revision': '版本 {revision}',
  'nodes.inFlight': '{n} 个进行中',
  'nodes.waiting': '{n} 条调用记录待上传',
  'nodes.dropped': '{n} 条调用记录已丢失',
  'nodes.live': '已是最新',
  'nodes.behind': '正在同步',
  'nodes.refused': '拒绝了新版本',
  'nodes.lost': '未连接',
  'nodes.seen': '最后出现于',
  'nodes.lead': '为应用提供服务的数据面节点，以及各自生效的版本。',
};
