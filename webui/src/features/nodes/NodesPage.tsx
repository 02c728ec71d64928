import { Button } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { Plus, Server } from 'lucide-react';
import { isMissing } from '@/api/errors';
import { useNode, useNodes } from '@/api/queries';
import { NodeService } from '@/gen/trunkline/admin/v1/node_pb';
import { useI18n } from '@/i18n';
import { May } from '@/ui/May';
import { PageHeader } from '@/ui/Page';
import { RolloutCard } from '@/ui/RolloutCard';
import { EmptyState } from '@/ui/States';
import { useTitle } from '@/ui/useTitle';
import { AddNode } from './AddNode';
import { JoinTokens } from './JoinTokens';
import { NodePanel } from './NodePanel';
import { NodeTable } from './NodeTable';
import c from './nodes.module.css';
import { useJoinTokens } from './useJoinTokens';

const route = getRouteApi('/signed-in/nodes');

export function NodesPage() {
  const { t, int } = useI18n();
  const { node: open, add } = route.useSearch();
  const navigate = route.useNavigate();
  const nodes = useNodes();
  const { data: shown } = useNode(open);
  const tokens = useJoinTokens();
  useTitle(t('nav.nodes'));

  const all = nodes.data?.nodes;
  const revision = nodes.data?.revision ?? 0n;
  const live = all?.filter((n) => n.connected && n.appliedRevision >= revision).length ?? 0;
  const lead =
    all && all.length > 0
      ? t('nodes.summary', { revision: int(revision), live: int(live), nodes: int(all.length) })
      : t('nodes.lead');

  return (
    <>
      <PageHeader
        title={t('nav.nodes')}
        lead={lead}
        aside={
          tokens.joinable && (
            <May call={NodeService.method.createJoinToken}>
              <Button leftSection={<Plus size={16} aria-hidden />} onClick={() => navigate({ search: { add: true } })}>
                {t('nodes.add')}
              </Button>
            </May>
          )
        }
      />
      {nodes.data?.incomplete && (
        <p className={c.incomplete} role="status">
          {nodes.data.incomplete}
        </p>
      )}
      {tokens.joinable === false && <p className={c.note}>{t('nodes.allInOne')}</p>}
      <RolloutCard />
      <NodeTable
        query={nodes}
        nodes={all}
        current={open}
        empty={
          <EmptyState icon={<Server size={22} aria-hidden />} title={t('nodes.none')}>
            <p>{t('nodes.noneHow')}</p>
          </EmptyState>
        }
      />
      {tokens.joinable && <JoinTokens tokens={tokens.list} query={tokens.query} />}
      <NodePanel
        name={open}
        node={shown?.node?.name === open ? shown?.node : undefined}
        missing={all !== undefined && !all.some((n) => n.name === open) && !isMissing(nodes.error)}
        revision={revision}
        onClose={() => navigate({ search: {} })}
      />
      <AddNode opened={add === true && tokens.joinable === true} onClose={() => navigate({ search: {} })} />
    </>
  );
}
