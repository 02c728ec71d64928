import type { Texts } from '../../messages';
import type { common as en } from '../en/common';

export const common: Texts<typeof en> = {
  'action.copy': 'コピー',
  'action.copied': 'コピーしました',
  'action.clear': 'クリア',
  'action.close': '閉じる',
  'snippet.shell': 'シェル',
  'state.loading': '読み込み中',
  'list.noMatch': '条件に一致するものがありません',
  'list.more': 'さらに表示（残り {n} 件）',
  'health.healthy': '正常',
  'health.degraded': '不安定',
  'health.probing': '確認中',
  'health.cooling': 'クールダウン中',
  'health.disabled': '無効',
  'health.unserved': '応答先なし',
  'health.unknown': '不明',
  'health.retryIn': '{time} 後に再試行',
  'health.retrySoon': 'まもなく再試行',
  'health.failures': '失敗 {n}/{max}',
  'health.probingNote': '次の呼び出しで回復を確認',
  'health.onNodes': '{of} ノード中 {n} ノード',
  'health.needsHelp': '対応が必要',
  'price.none': '価格なし',
  'price.perCall': '1 回 {price}',
  'price.cached': 'キャッシュ {price}',
};
