import { Link } from '@tanstack/react-router';
import { useApiKeys, useCalls, useGateway, useGroups, useNodes, useProviders } from '@/api/queries';
import { type PlainKey, useI18n } from '@/i18n';
import { PageHeader } from '@/ui/Page';
import { ErrorState, SkeletonRows } from '@/ui/States';
import { useTitle } from '@/ui/useTitle';
import { AttentionCard } from './AttentionCard';
import { Checklist } from './Checklist';
import c from './dashboard.module.css';
import { LatestCalls } from './LatestCalls';
import { NodesCard } from './NodesCard';

const NO_FILTER = {};
/** Calls shown: what fits under the cards without scrolling far. */
const LATEST = 6;

/** The first page: what is set up, what needs a look, and what is still to do. */
export function DashboardPage() {
  const { t } = useI18n();
  const providers = useProviders();
  const groups = useGroups();
  const keys = useApiKeys();
  const nodes = useNodes();
  const calls = useCalls(NO_FILTER, LATEST);
  const gateway = useGateway();
  useTitle(t('nav.dashboard'));

  const reads = [providers, groups, keys, nodes, calls];
  const failed = reads.find((read) => read.data === undefined && read.isError);
  if (failed) {
    const retry = () => reads.filter((read) => read.isError).map((read) => read.refetch());
    return (
      <>
        <PageHeader title={t('nav.dashboard')} />
        <ErrorState error={failed.error} onRetry={retry} busy={failed.isFetching} />
      </>
    );
  }
  if (!providers.data || !groups.data || !keys.data || !nodes.data || !calls.data) {
    return (
      <>
        <PageHeader title={t('nav.dashboard')} />
        <SkeletonRows rows={3} tall />
      </>
    );
  }

  const connected = nodes.data.nodes.filter((n) => n.connected).length;
  const latest = calls.data.pages[0]?.calls ?? [];
  const called = latest.length > 0;
  const done = [providers.data.length > 0, groups.data.length > 0, keys.data.length > 0, called] as const;
  return (
    <>
      <PageHeader title={t('nav.dashboard')} lead={t('dashboard.lead')} />
      {done.includes(false) && <Checklist done={done} gateway={gateway} group={groups.data[0]?.name} />}
      <ul className={c.tiles}>
        <Tile to="/groups" word="nav.groups" value={groups.data.length} />
        <Tile to="/providers" word="nav.providers" value={providers.data.length} />
        <Tile to="/keys" word="nav.keys" value={keys.data.length} />
        <Tile word="dashboard.nodes" value={connected} of={nodes.data.nodes.length} />
      </ul>
      <div className={c.cards}>
        <AttentionCard providers={providers.data} nodes={nodes.data.nodes} at={nodes.dataUpdatedAt} />
        <NodesCard nodes={nodes.data.nodes} revision={nodes.data.revision} />
      </div>
      {called && <LatestCalls calls={latest} />}
    </>
  );
}

function Tile({
  to,
  word,
  value,
  of,
}: {
  to?: '/groups' | '/providers' | '/keys';
  word: PlainKey;
  value: number;
  of?: number;
}) {
  const { t, int } = useI18n();
  const content = (
    <>
      <span>{t(word)}</span>
      <b className="num">
        {int(value)}
        {of !== undefined && of !== value && <small> / {int(of)}</small>}
      </b>
    </>
  );
  return <li className={c.tile}>{to ? <Link to={to}>{content}</Link> : <div>{content}</div>}</li>;
}
