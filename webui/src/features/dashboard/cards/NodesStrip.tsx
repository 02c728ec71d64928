import { Link } from '@tanstack/react-router';
import { useNodes } from '@/api/queries';
import type { Node } from '@/gen/trunkline/admin/v1/node_pb';
import { useI18n } from '@/i18n';
import { NodeState } from '@/ui/NodeState';
import { ErrorState } from '@/ui/States';
import c from '../dashboard.module.css';

/** Nodes shown at most, those that need a look first. */
const MOST = 5;

/** The data-plane nodes in one line: whether each serves the newest revision, and what it does right now. */
export function NodesStrip() {
  const { t, int, count } = useI18n();
  const query = useNodes();
  if (!query.data) {
    return query.error ? (
      <ErrorState error={query.error} onRetry={() => query.refetch()} busy={query.isFetching} />
    ) : (
      <div className={c.strip} />
    );
  }
  const { nodes, revision } = query.data;
  const isLive = (node: Node) => node.connected && node.appliedRevision >= revision && node.error === '';
  const live = nodes.filter(isLive);
  const shown = [...nodes.filter((node) => !isLive(node)), ...live].slice(0, MOST);
  return (
    <section className={c.strip} aria-label={t('dashboard.nodes.title')}>
      <Link to="/nodes" className={c.stripHead}>
        <b>{t('dashboard.nodes.title')}</b>
        <span>{t('dashboard.nodes.live', { live: int(live.length), all: int(nodes.length) })}</span>
      </Link>
      <ul>
        {shown.map((node) => (
          <li key={node.name}>
            <Link to="/nodes" search={{ node: node.name }}>
              <b>{node.name}</b>
              <NodeState node={node} />
              {node.connected && <Load node={node} />}
            </Link>
          </li>
        ))}
      </ul>
      {nodes.length > MOST && (
        <Link to="/nodes" className={c.stripMore}>
          {count('dashboard.nodes.more', nodes.length - MOST)}
        </Link>
      )}
    </section>
  );
}

function Load({ node }: { node: Node }) {
  const { t, int, decimal } = useI18n();
  return (
    <small className="num">
      {t('dashboard.nodes.load', { rate: decimal(node.requestsPerSecond), n: int(node.inFlight) })}
    </small>
  );
}
