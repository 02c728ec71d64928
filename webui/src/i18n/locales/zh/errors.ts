import type { Texts } from '../../messages';
import type { errors as en } from '../en/errors';

export const errors: Texts<typeof en> = {
  'error.retry': '重试',
  'error.requestId': '请求',
  'error.unavailable': '暂时不可用',
  'error.unreachable': '控制面无响应',
  'error.unreachableHelp': '各节点仍会按已有配置继续处理调用。请确认控制面正在运行，然后重试。',
  'error.unauthenticated': '会话已结束',
  'error.denied': '您没有查看权限',
  'error.notFound': '该内容已不存在',
  'error.throttled': '请求过于频繁',
  'error.internal': '控制面内部出错',
  'error.unimplemented': '控制面不认识此请求，它的版本是否比控制台旧？',
  'error.unknown': '出错了',
  'error.invalid': '有些值不被接受',
  'error.exists': '名称已被占用',
  'error.precondition': '当前状态下无法执行',
  'error.conflict': '其他人已先行修改',
};
