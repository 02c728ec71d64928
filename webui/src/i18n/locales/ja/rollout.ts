import type { Texts } from '../../messages';
import type { rollout as en } from '../en/rollout';

export const rollout: Texts<typeof en> = {
  'rollout.canaryOn': '変更をまず一部のノードで試す',
  'rollout.canaryOnHow':
    'そのノードを監視し、問題がなければ残りのノードへ約 {time} 後に届けます。2 ノード以上が必要です。',
  'rollout.percent': 'ノードの割合',
  'rollout.percentHow': '1～50 パーセント。最低 1 ノード',
  'rollout.firstNodes': '常にこのノードで試す',
  'rollout.firstNodesHow': '割合の代わりに使います。どれも接続していない間は割合で選びます',
  'rollout.noFirstNodes': 'なし',
  'rollout.watch': '監視時間',
  'rollout.watchHow': '適用後 1 秒～1 時間',
  'rollout.title': 'リビジョン {revision} を {nodes} で試行中',
  'rollout.heldTitle': 'リビジョン {revision} は保留中です',
  'rollout.applying': '適用中',
  'rollout.watching': '{time} 監視済み',
  'rollout.held': '保留中',
  'rollout.sub': 'ほかのノードはリビジョン {base} を使い続けます。API キーは最新です。',
  'rollout.failed': '失敗したリクエスト',
  'rollout.ofFirst': '試行ノードで {requests} 件中 {failed} 件、ほかのノードで {otherRequests} 件中 {otherFailed} 件',
  'rollout.nodes': '試行ノード',
  'rollout.lostNodes': '接続が切れたノード',
  'rollout.started': '開始',
  'rollout.reason': '理由',
  'rollout.promote': 'すべてのノードへ届ける',
  'rollout.promoteTitle': 'リビジョン {revision} をすべてのノードへ届けますか？',
  'rollout.promoteText': '試行ノードの状態にかかわらず、すべてのノードへすぐに届きます。',
  'rollout.promoted': 'リビジョン {revision} をすべてのノードへ届けます。',
  'rollout.abort': '取り消す',
  'rollout.abortTitle': 'リビジョン {revision} を取り消しますか？',
  'rollout.abortText':
    'プロバイダー、グループ、失敗キーワード、設定をリビジョン {base} の内容に戻した新しいリビジョンを作り、すべてのノードへすぐに届けます。API キーと、差し替えた認証情報はそのままです。',
  'rollout.aborted': 'リビジョン {revision} で変更を取り消しました。',
};
