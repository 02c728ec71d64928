import type { Texts } from '../../messages';
import type { dashboard as en } from '../en/dashboard';

export const dashboard: Texts<typeof en> = {
  'dashboard.lead': 'ゲートウェイの現在の状態と、確認が必要な項目です。',
  'dashboard.nodes': '接続中のノード',
  'dashboard.latest': '最近の呼び出し',
  'dashboard.allCalls': 'すべての呼び出し',
  'dashboard.attention.title': '要確認',
  'dashboard.attention.sub': '正常ではないターゲットと認証情報。',
  'dashboard.attention.none': 'すべてのターゲットが正常です。',
  'dashboard.attention.unknown': '接続中のノードがないため、ターゲットの状態は不明です。',
  'dashboard.setup.title': '最初の呼び出しまで',
  'dashboard.setup.sub': '完了した手順には自動でチェックが付きます。',
  'dashboard.setup.done': '完了',
  'dashboard.setup.provider': 'プロバイダーを追加する',
  'dashboard.setup.providerText':
    '上流のアカウントです。アドレス、キー、使いたいモデルを記述します。保存して値を書き換え、適用してください。',
  'dashboard.setup.group': 'グループを作る',
  'dashboard.setup.groupText':
    'アプリが呼び出す名前です。メンバーは優先度の順に試されるため、2 つ目があれば 1 つ目に障害が起きても止まりません。',
  'dashboard.setup.key': 'API キーを作る',
  'dashboard.setup.keyText': 'アプリが送信するキーです。ファイルの適用時に一度だけ表示されます。',
  'dashboard.setup.call': '最初の呼び出しを送る',
  'dashboard.setup.callText':
    'キーを TRUNKLINE_KEY に入れて送信するか、任意の OpenAI SDK を同じアドレスに向けてください。',
};
