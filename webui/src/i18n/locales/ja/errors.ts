import type { Texts } from '../../messages';
import type { errors as en } from '../en/errors';

export const errors: Texts<typeof en> = {
  'error.retry': '再試行',
  'error.requestId': 'リクエスト',
  'error.unavailable': '現在は利用できません',
  'error.unreachable': 'コントロールプレーンが応答しません',
  'error.unreachableHelp':
    'ノードは手元の設定で呼び出しの処理を続けます。コントロールプレーンの稼働を確認してから、再試行してください。',
  'error.unauthenticated': 'セッションが終了しました',
  'error.denied': '表示する権限がありません',
  'error.notFound': 'すでに存在しません',
  'error.throttled': 'リクエストが多すぎます',
  'error.internal': 'コントロールプレーンで問題が発生しました',
  'error.unimplemented': 'コントロールプレーンがこのリクエストを認識できません。コンソールより古い版ではありませんか。',
  'error.unknown': '問題が発生しました',
  'error.invalid': '受け付けられない値があります',
  'error.exists': 'その名前はすでに使われています',
  'error.precondition': '現在の状態では実行できません',
  'error.conflict': '先に他の人が変更しました',
};
