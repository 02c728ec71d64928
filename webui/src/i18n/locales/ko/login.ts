import type { Texts } from '../../messages';
import type { login as en } from '../en/login';

export const login: Texts<typeof en> = {
  'login.title': '로그인',
  'login.lead': '모든 AI 제공업체를 하나의 엔드포인트로.',
  'login.ended': '세션이 종료되었습니다. 다시 로그인하세요.',
  'login.username': '사용자 이름',
  'login.password': '비밀번호',
  'login.showPassword': '비밀번호 표시',
  'login.submit': '로그인',
  'login.wrong': '사용자 이름 또는 비밀번호가 올바르지 않습니다.',
  'login.wait': '시도 횟수가 너무 많습니다. {time} 후에 다시 시도할 수 있습니다.',
  'login.waitOver': '이제 다시 시도할 수 있습니다.',
  'login.failed': '로그인하지 못했습니다. 다시 시도하세요.',
  'login.oidc': '싱글 사인온으로 로그인',
  'login.oidcFailed': 'ID 공급자에서 로그인하지 못했습니다.',
  'login.code': '인증 앱의 코드',
  'login.codeHow': '숫자 6자리 또는 복구 코드',
  'login.codeWrong': '코드가 잘못되었거나 이미 사용되었습니다.',
};
