import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { useQuery } from '@connectrpc/connect-query';
import { useState } from 'react';
import { CallService } from '@/gen/trunkline/admin/v1/call_pb';
import { GroupService } from '@/gen/trunkline/admin/v1/group_pb';
import { KeyService } from '@/gen/trunkline/admin/v1/key_pb';
import { ProviderService } from '@/gen/trunkline/admin/v1/provider_pb';
import { UsageService } from '@/gen/trunkline/admin/v1/usage_pb';

/** How often a step is looked at while it is to be done, in ms. */
const LIVE = 3_000;
/** Sums are kept two years. */
const KEPT = 729 * 86_400_000;
/** Providers looked at for one that has models. */
const FEW = 20;

export type Setup = ReturnType<typeof useSetup>;

/** How far an installation is on the way to its first call. Once there was one, nothing is asked any more. */
export function useSetup() {
  const latest = useQuery(
    CallService.method.listCalls,
    { pageSize: 1 },
    { staleTime: ({ state }) => (state.data?.calls.length ? Number.POSITIVE_INFINITY : 0), refetchInterval: whileNone },
  );
  const none = latest.data !== undefined && latest.data.calls.length === 0;
  // Calls may be gone while their sums are kept.
  const [filter] = useState(() => ({ startTime: timestampFromMs(Date.now() - KEPT) }));
  const ever = useQuery(UsageService.method.summarizeUsage, { filter }, { enabled: none });
  const hasSums = (ever.data?.total?.calls ?? 0n) > 0n;
  // One that cannot be read is no reason to hide the charts.
  const called = latest.isError ? true : latest.data && (!none || hasSums ? true : ever.isPending ? undefined : false);

  const options = { enabled: called === false, refetchInterval: LIVE };
  const providers = useQuery(ProviderService.method.listProviders, { pageSize: FEW }, options).data?.providers;
  const groups = useQuery(GroupService.method.listGroups, { pageSize: 1 }, options).data?.groups;
  const keys = useQuery(KeyService.method.listApiKeys, { pageSize: 1 }, options).data?.apiKeys;
  return {
    /** undefined while it is not known. */
    called,
    /** One to import models of. */
    provider: providers?.find((p) => p.models.length === 0)?.name ?? providers?.[0]?.name,
    group: groups?.[0]?.name,
    done: [
      (providers?.length ?? 0) > 0,
      providers?.some((p) => p.models.length > 0) ?? false,
      (groups?.length ?? 0) > 0,
      (keys?.length ?? 0) > 0,
      called === true,
    ],
  };
}

const whileNone = ({ state }: { state: { data?: { calls: unknown[] } } }) => (state.data?.calls.length ? false : LIVE);
