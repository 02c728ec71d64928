import { useQuery } from '@connectrpc/connect-query';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData } from '@tanstack/react-query';
import { GroupService } from '@/gen/trunkline/admin/v1/group_pb';
import { KeyService } from '@/gen/trunkline/admin/v1/key_pb';
import { ProviderService } from '@/gen/trunkline/admin/v1/provider_pb';

/** How long typing must pause before the server is asked, in milliseconds. */
const PAUSE = 150;

type Options = { most: number; enabled?: boolean };

/** The first groups that the server finds for a text, so that no list is read to its end for a few letters. */
export function useFoundGroups(text: string, options: Options) {
  const [input, how] = useSearch(text, options);
  return useQuery(GroupService.method.listGroups, input, how).data?.groups;
}

export function useFoundProviders(text: string, options: Options) {
  const [input, how] = useSearch(text, options);
  return useQuery(ProviderService.method.listProviders, input, how).data?.providers;
}

export function useFoundKeys(text: string, options: Options) {
  const [input, how] = useSearch(text, options);
  return useQuery(KeyService.method.listApiKeys, input, how).data?.apiKeys;
}

/** What was found before stays in sight until there is news. */
function useSearch(text: string, { most, enabled = true }: Options) {
  const search = text.trim().slice(0, 64); // the server takes 256 bytes
  const [settled] = useDebouncedValue(search, PAUSE);
  const how = { placeholderData: keepPreviousData, enabled: enabled && settled === search };
  return [{ search: settled, pageSize: most }, how] as const;
}
