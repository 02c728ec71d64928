import {
  CircleCheck,
  CloudOff,
  LogOut,
  type LucideIcon,
  Pause,
  Power,
  RefreshCw,
  ShieldOff,
  TriangleAlert,
  Unlink,
} from 'lucide-react';
import { type Node, NodeState as State } from '@/gen/trunkline/admin/v1/node_pb';
import { type PlainKey, useI18n } from '@/i18n';
import type { Tone } from './outcome';
import { Pill } from './Pill';

/** How a node stands, as the control plane says. */
export function NodeState({ node }: { node: Node }) {
  const { t } = useI18n();
  const [tone, Icon, word] = wordOf(node);
  return (
    <Pill tone={tone} Icon={Icon}>
      {t(word)}
    </Pill>
  );
}

const WORDS: Record<State, [Tone, LucideIcon, PlainKey]> = {
  [State.UNSPECIFIED]: ['mute', CloudOff, 'nodes.lost'],
  [State.REVOKED]: ['bad', ShieldOff, 'nodes.revoked'],
  [State.ORPHANED]: ['bad', Unlink, 'nodes.orphaned'],
  [State.DISCONNECTED]: ['mute', CloudOff, 'nodes.lost'],
  [State.AHEAD]: ['bad', TriangleAlert, 'nodes.aheadState'],
  [State.REFUSING]: ['bad', TriangleAlert, 'nodes.refused'],
  [State.STARTING]: ['warn', Power, 'nodes.starting'],
  [State.DRAINING]: ['warn', LogOut, 'nodes.drained'],
  [State.HELD_BACK]: ['warn', Pause, 'nodes.heldBack'],
  [State.BEHIND]: ['warn', RefreshCw, 'nodes.behind'],
  [State.READY]: ['ok', CircleCheck, 'nodes.live'],
};

function wordOf(node: Node): [Tone, LucideIcon, PlainKey] {
  if (node.state === State.DRAINING && !node.draining) return ['warn', LogOut, 'nodes.draining'];
  if (node.state === State.READY && node.refusedDocumentCount > 0) return ['warn', TriangleAlert, 'nodes.partly'];
  return WORDS[node.state];
}
