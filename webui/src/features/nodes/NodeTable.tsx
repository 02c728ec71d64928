import { durationMs } from '@bufbuild/protobuf/wkt';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Node } from '@/gen/trunkline/admin/v1/node_pb';
import { useI18n } from '@/i18n';
import { NodeState } from '@/ui/NodeState';
import { RelativeTime } from '@/ui/Time';
import type { Column } from '@/ui/table/column';
import { DataTable } from '@/ui/table/DataTable';
import c from './nodes.module.css';

type Query = { error: unknown; isFetching: boolean; refetch: () => unknown };

/** The fleet, a line a node: what it serves, how busy it is, whether its records arrive. */
export function NodeTable({
  nodes,
  current,
  query,
  empty,
}: {
  nodes: Node[] | undefined;
  current: string | undefined;
  query: Query;
  empty: ReactNode;
}) {
  const { t, int, decimal, bytes, age, count } = useI18n();
  const columns: Column<Node>[] = [
    { id: 'name', title: t('nodes.name'), cell: (n) => <b>{n.name}</b> },
    {
      id: 'state',
      phone: 'corner',
      title: t('nodes.state'),
      cell: (n) => (
        <span className={c.state}>
          <NodeState node={n} />
          {!n.connected && n.lastSeenTime && (
            <small>
              {t('nodes.seen')} <RelativeTime at={n.lastSeenTime} />
            </small>
          )}
        </span>
      ),
    },
    {
      id: 'revision',
      title: t('nodes.revisionHead'),
      align: 'right',
      cell: (n) => (
        <span className={c.stack}>
          {int(n.appliedRevision)}
          {n.revisionsBehind > 0n && (
            <small>
              {t('nodes.lag', { n: int(n.revisionsBehind), time: age(n.behindFor ? durationMs(n.behindFor) : 0) })}
            </small>
          )}
        </span>
      ),
    },
    { id: 'version', title: t('nodes.version'), cell: (n) => <span className="mono">{n.version}</span> },
    {
      id: 'rate',
      title: t('nodes.rate'),
      hint: t('nodes.rateHint'),
      align: 'right',
      cell: (n) => (n.connected ? decimal(n.requestsPerSecond) : '–'),
    },
    {
      id: 'inFlight',
      title: t('nodes.inFlightHead'),
      align: 'right',
      cell: (n) => (n.connected ? int(n.inFlight) : '–'),
    },
    {
      id: 'spool',
      title: t('nodes.spool'),
      hint: t('nodes.spoolHint'),
      align: 'right',
      cell: (n) => (
        <span className={c.stack}>
          {int(n.callsWaiting)}
          {n.callsWaiting > 0n && <small>{bytes(n.spoolBytes)}</small>}
        </span>
      ),
    },
    { id: 'redis', title: 'Redis', cell: (n) => redisWord(n, t) },
    {
      id: 'uptime',
      title: t('nodes.uptime'),
      align: 'right',
      cell: (n) => (n.connected && n.uptime ? age(durationMs(n.uptime)) : '–'),
    },
    { id: 'replica', title: t('nodes.replica'), optional: true, cell: (n) => n.replica || '–' },
  ];
  return (
    <DataTable
      label={t('nav.nodes')}
      columns={columns}
      rows={nodes}
      rowKey={(n) => n.name}
      rowLink={(n, content, className) => (
        <Link to="/nodes" search={{ node: n.name }} className={className}>
          {content}
        </Link>
      )}
      current={current}
      query={query}
      remember="nodes"
      tools={nodes && nodes.length > 0 && count('nodes.count', nodes.length)}
      empty={empty}
    />
  );
}

function redisWord(node: Node, t: ReturnType<typeof useI18n>['t']) {
  if (!node.connected) return '–';
  if (node.redis === 'up') return t('nodes.redisUp');
  if (node.redis === 'down') return t('nodes.redisDown');
  if (node.redis === 'denied') return t('nodes.redisDenied');
  return t('nodes.redisOff');
}
