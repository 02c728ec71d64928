import type { Texts } from '../../messages';
import type { common as en } from '../en/common';

export const common: Texts<typeof en> = {
  'action.copy': '复制',
  'action.copied': '已复制',
  'action.clear': '清除',
  'action.close': '关闭',
  'snippet.shell': '命令行',
  'state.loading': '正在加载',
  'list.noMatch': '没有符合筛选条件的内容',
  'list.more': '显示更多（还有 {n} 项）',
  'health.healthy': '健康',
  'health.degraded': '不稳定',
  'health.probing': '探测中',
  'health.cooling': '冷却中',
  'health.disabled': '已停用',
  'health.unserved': '无可用成员',
  'health.unknown': '未知',
  'health.retryIn': '{time} 后重试',
  'health.retrySoon': '即将重试',
  'health.failures': '失败 {n}/{max}',
  'health.probingNote': '下一次调用将检验是否恢复',
  'health.onNodes': '{of} 个节点中的 {n} 个',
  'health.needsHelp': '需要您处理',
  'price.none': '未定价',
  'price.perCall': '每次调用 {price}',
  'price.cached': '缓存 {price}',
};
