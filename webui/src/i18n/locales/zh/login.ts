import type { Texts } from '../../messages';
import type { login as en } from '../en/login';

export const login: Texts<typeof en> = {
  'login.title': '登录',
  'login.lead': '一个入口，统一接入所有 AI 供应商。',
  'login.ended': '会话已结束，请重新登录。',
  'login.username': '用户名',
  'login.password': '密码',
  'login.showPassword': '显示密码',
  'login.submit': '登录',
  'login.wrong': '用户名或密码错误。',
  'login.wait': '尝试次数过多，请在 {time} 后重试。',
  'login.waitOver': '现在可以重试了。',
  'login.failed': '登录失败，请重试。',
  'login.oidc': '使用单点登录',
  'login.oidcFailed': '在身份提供商处登录失败。',
  'login.code': '身份验证器应用中的验证码',
  'login.codeHow': '6 位数字，或一个恢复码',
  'login.codeWrong': '验证码错误或已使用过。',
};
