import { useI18n } from '@/i18n';
import { PageHeader } from '@/ui/Page';
import { RangePicker } from '@/ui/RangePicker';
import { searchOf } from '@/ui/range';
import { useTitle } from '@/ui/useTitle';
import { CallPanel } from './detail/CallPanel';
import { Filters } from './filters/Filters';
import { useFilter } from './filters/useFilter';
import { Views } from './filters/Views';
import { CallTable } from './list/CallTable';
import { useCallList } from './list/useCallList';
import { route, useView } from './view';
import { VolumeCard } from './volume/VolumeCard';

export function CallsPage() {
  const { t } = useI18n();
  const { view, viewKey, call, renew } = useView();
  const { set } = useFilter();
  const navigate = route.useNavigate();
  const list = useCallList(view.filter, viewKey);
  useTitle(t('nav.calls'));

  const open = (id: string | undefined) =>
    void navigate({ search: (s) => ({ ...s, call: id }), replace: true, resetScroll: false });
  const ids = list.data?.pages.flatMap((page) => page.calls.map((row) => row.id)) ?? [];
  const at = call === undefined ? -1 : ids.indexOf(call);
  const [previous, next] = at < 0 ? [undefined, undefined] : [ids[at - 1], ids[at + 1]];
  /** Walks on into the next page. */
  const openOlder = async () => {
    const read = await list.fetchNextPage();
    open(read.data?.pages.at(-1)?.calls[0]?.id ?? call);
  };
  const onNext =
    next !== undefined ? () => open(next) : at >= 0 && list.hasNextPage ? () => void openOlder() : undefined;

  return (
    <>
      <PageHeader
        title={t('nav.calls')}
        lead={t('calls.lead')}
        aside={<RangePicker value={view.range} onChange={(range) => set({ ...searchOf(range), id: undefined })} />}
      />
      <Filters span={view.span} />
      <Views span={view.span} />
      <VolumeCard view={view} />
      <CallTable view={view} viewKey={viewKey} list={list} current={call} onRenew={renew} />
      <CallPanel
        id={call}
        onClose={() => open(undefined)}
        onPrevious={previous === undefined ? undefined : () => open(previous)}
        onNext={onNext}
      />
    </>
  );
}
