import {
  CircleCheck,
  CloudOff,
  LogOut,
  type LucideIcon,
  RefreshCw,
  ShieldOff,
  TriangleAlert,
  Unlink,
} from 'lucide-react';
import { type Node, NodeState as State } from '@/gen/trunkline/admin/v1/node_pb';
import { type PlainKey, useI18n } from '@/i18n';
import type { Tone } from './outcome';
import { Pill } from './Pill';

/** Whether a node serves the newest revision, and if not, why. */
export function NodeState({ node, revision }: { node: Node; revision: bigint }) {
  const { t } = useI18n();
  const [tone, Icon, word] = stateOf(node, revision);
  return (
    <Pill tone={tone} Icon={Icon}>
      {t(word)}
    </Pill>
  );
}

function stateOf(node: Node, revision: bigint): [Tone, LucideIcon, PlainKey] {
  if (node.revoked) return ['bad', ShieldOff, 'nodes.revoked'];
  if (node.state === State.ORPHANED) return ['bad', Unlink, 'nodes.orphaned'];
  if (!node.connected) return ['mute', CloudOff, 'nodes.lost'];
  if (node.state === State.AHEAD) return ['bad', TriangleAlert, 'nodes.aheadState'];
  if (node.error) return ['bad', TriangleAlert, 'nodes.refused'];
  if (node.draining || node.drainOrdered) return ['warn', LogOut, node.draining ? 'nodes.drained' : 'nodes.draining'];
  if (node.appliedRevision < revision) return ['warn', RefreshCw, 'nodes.behind'];
  if (node.refusedDocumentCount > 0) return ['warn', TriangleAlert, 'nodes.partly'];
  return ['ok', CircleCheck, 'nodes.live'];
}
