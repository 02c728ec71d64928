import type { Texts } from '../../messages';
import type { login as en } from '../en/login';

export const login: Texts<typeof en> = {
  'login.title': 'ログイン',
  'login.lead': 'すべての AI プロバイダーを、ひとつのエンドポイントで。',
  'login.ended': 'セッションが終了しました。もう一度ログインしてください。',
  'login.username': 'ユーザー名',
  'login.password': 'パスワード',
  'login.showPassword': 'パスワードを表示',
  'login.submit': 'ログイン',
  'login.wrong': 'ユーザー名またはパスワードが違います。',
  'login.wait': '試行回数が多すぎます。{time} 後に再試行できます。',
  'login.waitOver': '再試行できます。',
  'login.failed': 'ログインできませんでした。もう一度お試しください。',
  'login.oidc': 'シングルサインオンでログイン',
  'login.oidcFailed': 'ID プロバイダーでのログインに失敗しました。',
  'login.code': '認証アプリのコード',
  'login.codeHow': '6 桁の数字、またはリカバリーコード',
  'login.codeWrong': 'コードが正しくないか、すでに使用されています。',
};
