import type { Texts } from '../../messages';
import type { nodes as en } from '../en/nodes';

export const nodes: Texts<typeof en> = {
  'nodes.title': 'ノード',
  'nodes.sub': '最新のリビジョンは {revision} です。',
  'nodes.none': 'まだノードが接続していません。trunkline-dataplane で起動してください。',
  'nodes.revision': 'リビジョン {revision}',
  'nodes.inFlight': '処理中 {n} 件',
  'nodes.waiting': '送信待ちの記録 {n} 件',
  'nodes.dropped': '失われた記録 {n} 件',
  'nodes.live': '最新',
  'nodes.behind': '同期中',
  'nodes.refused': 'リビジョンを拒否',
  'nodes.lost': '未接続',
  'nodes.seen': '最終確認',
  'nodes.lead': 'アプリに応答するデータプレーンのノードと、それぞれが稼働中のリビジョンです。',
};
