import { callUnaryMethod, useTransport } from '@connectrpc/connect-query';
import { getRouteApi } from '@tanstack/react-router';
import { GroupService } from '@/gen/trunkline/admin/v1/group_pb';
import { KeyService } from '@/gen/trunkline/admin/v1/key_pb';
import { useI18n } from '@/i18n';
import { RangePicker } from '@/ui/RangePicker';
import type { Range } from '@/ui/range';
import c from './dashboard.module.css';
import { Live } from './Live';
import { NameFilter } from './NameFilter';
import type { View } from './view';

const route = getRouteApi('/signed-in/');
/** Names offered at once; typing asks the server for others. */
const MOST = 20;

/** What the whole page is about: a time, a group, an API key. All of it is in the address. */
export function Filters({
  view,
  isByModel,
  onRange,
}: {
  view: View;
  /** Whether models are compared, which is one reading more. */
  isByModel: boolean;
  onRange: (range: Range) => void;
}) {
  const { t } = useI18n();
  const transport = useTransport();
  const navigate = route.useNavigate();
  const set = (name: 'group' | 'key') => (value: string) =>
    void navigate({ search: (s) => ({ ...s, [name]: value || undefined }), resetScroll: false });
  return (
    <search className={c.filters} aria-label={t('dashboard.filters')}>
      <NameFilter
        label={t('dashboard.anyGroup')}
        value={view.group}
        onChange={set('group')}
        id="groups"
        read={async (search, signal) => {
          const input = { search, pageSize: MOST };
          const { groups } = await callUnaryMethod(transport, GroupService.method.listGroups, input, { signal });
          return groups.map((group) => group.name);
        }}
      />
      <NameFilter
        label={t('dashboard.anyKey')}
        value={view.key}
        onChange={set('key')}
        id="keys"
        read={async (search, signal) => {
          const input = { search, pageSize: MOST };
          const { apiKeys } = await callUnaryMethod(transport, KeyService.method.listApiKeys, input, { signal });
          return apiKeys.map((key) => key.name);
        }}
      />
      <Live view={view} isByModel={isByModel} />
      <RangePicker value={view.range} onChange={onRange} />
    </search>
  );
}
