import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { toMs } from '@/api/duration';
import type { Settings } from '@/gen/trunkline/admin/v1/settings_pb';

/** How changes come to the nodes as the form has it, by the API's own paths; undefined is the default. */
export type Draft = {
  rollout: {
    canary: boolean;
    canaryPercent: number | undefined;
    canaryNodes: string[];
    watchTime: number | undefined;
  };
};

export const draftOf = ({ rollout }: Settings): Draft => ({
  rollout: {
    canary: rollout?.mode === 'canary',
    canaryPercent: rollout?.canaryPercent,
    canaryNodes: [...(rollout?.canaryNodes ?? [])],
    watchTime: rollout?.watchTime && toMs(rollout.watchTime),
  },
});

export function messageOf({ rollout: { canary, canaryPercent, canaryNodes, watchTime } }: Draft) {
  const isSet = canary || canaryPercent !== undefined || canaryNodes.length > 0 || watchTime !== undefined;
  return {
    rollout: isSet
      ? {
          mode: canary ? 'canary' : 'all_at_once',
          canaryPercent,
          canaryNodes,
          watchTime: watchTime === undefined ? undefined : durationFromMs(watchTime),
        }
      : undefined,
  };
}
