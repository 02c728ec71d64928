import type { Texts } from '../../messages';
import type { keys as en } from '../en/keys';

export const keys: Texts<typeof en> = {
  'keys.lead': 'アプリがベアラートークンとして送るキーです。割り当てたグループだけが見えます。',
  'keys.filter': 'API キーを絞り込む',
  'keys.name': '名前',
  'keys.key': 'キー',
  'keys.groups': 'グループ',
  'keys.noGroup': 'グループがないため、何も呼び出せません',
  'keys.moreGroups': '他 {n} 件',
  'keys.status': '状態',
  'keys.active': '有効',
  'keys.expiring': 'まもなく期限切れ',
  'keys.expired': '期限切れ',
  'keys.disabled': '無効',
  'keys.expires': '有効期限',
  'keys.never': '無期限',
  'keys.created': '作成',
  'keys.empty': 'API キーはまだありません',
  'keys.emptyHow':
    'API キーがあれば、アプリは割り当てられたグループを使えます。ファイルに保存して適用してください。キーは一度だけ表示されます。',
};
