import { CloudOff } from 'lucide-react';
import type { Node } from '@/gen/trunkline/admin/v1/node_pb';
import { useI18n } from '@/i18n';
import { NodeState } from '@/ui/NodeState';
import { Card } from '@/ui/Page';
import { RelativeTime } from '@/ui/Time';
import c from './dashboard.module.css';

/** The data-plane nodes: which revision each serves, and whether its records arrive. */
export function NodesCard({ nodes, revision }: { nodes: Node[]; revision: bigint }) {
  const { t, int } = useI18n();
  return (
    <Card title={t('nodes.title')} sub={t('nodes.sub', { revision: int(revision) })} flush>
      {nodes.length === 0 ? (
        <p className={c.calm}>
          <CloudOff size={17} aria-hidden />
          {t('nodes.none')}
        </p>
      ) : (
        <ul className={c.rows}>
          {nodes.map((node) => (
            <li key={node.name} className={c.row}>
              <div>
                <b>{node.name}</b>
                <small>
                  {[
                    node.version,
                    t('nodes.revision', { revision: int(node.appliedRevision) }),
                    t('nodes.inFlight', { n: int(node.inFlight) }),
                    node.callsWaiting > 0n && t('nodes.waiting', { n: int(node.callsWaiting) }),
                    node.callsDropped > 0n && t('nodes.dropped', { n: int(node.callsDropped) }),
                  ]
                    .filter(Boolean)
                    .join(' · ')}
                </small>
              </div>
              <NodeStanding node={node} revision={revision} />
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function NodeStanding({ node, revision }: { node: Node; revision: bigint }) {
  const { t } = useI18n();
  return (
    <div className={c.nodeState}>
      <NodeState node={node} revision={revision} />
      {!node.connected && node.lastSeenTime && (
        <small>
          {t('nodes.seen')} <RelativeTime at={node.lastSeenTime} />
        </small>
      )}
      {node.connected && node.error && <small>{node.error}</small>}
    </div>
  );
}
