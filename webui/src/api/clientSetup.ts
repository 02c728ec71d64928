import { useQuery } from '@connectrpc/connect-query';
import {
  type ClientSetupBlock,
  ClientSetupQuoting,
  ClientSetupService,
} from '@/gen/trunkline/admin/v1/client_setup_pb';
import { useGateway } from './session';

/** Stands for a key that is not known. */
export const KEY_PLACEHOLDER = 'your-key';

/** How known clients are set up to call a group, with an API key of this name if one is named. */
export function useClientSetups(group: string, apiKey = '') {
  const gatewayUrl = useGateway();
  return useQuery(ClientSetupService.method.listClientSetups, { group, gatewayUrl, apiKey });
}

/** The text of a block with the key in it. The key never leaves the browser for that. */
export function blockText({ parts, keyQuoting }: ClientSetupBlock, key = KEY_PLACEHOLDER): string {
  return parts.join(quoted(key, keyQuoting));
}

function quoted(key: string, how: ClientSetupQuoting): string {
  switch (how) {
    case ClientSetupQuoting.SHELL:
      return key.replaceAll("'", `'\\''`);
    case ClientSetupQuoting.STRING:
      return key.replaceAll(/["\\]/g, '\\$&');
    default:
      return key;
  }
}
