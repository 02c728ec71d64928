import { useQuery } from '@connectrpc/connect-query';
import { ApiKeyState, KeyService } from '@/gen/trunkline/admin/v1/key_pb';
import { Loaded } from '@/ui/Loaded';
import { Panel } from '@/ui/Panel';
import { EditKey } from './EditKey';
import { KeyActions } from './KeyActions';
import { KeySummary } from './KeySummary';

/** One key beside the list: how it stands, what can be done with it, and its fields. */
export function KeyPanel({ name, onClose }: { name: string | undefined; onClose: () => void }) {
  return (
    <Panel opened={name !== undefined} title={name ?? ''} onClose={onClose}>
      {name !== undefined && <Content key={name} name={name} onClose={onClose} />}
    </Panel>
  );
}

function Content({ name, onClose }: { name: string; onClose: () => void }) {
  const query = useQuery(KeyService.method.getApiKey, { name });
  return (
    <Loaded query={query}>
      {({ apiKey }) =>
        apiKey && (
          <>
            <KeySummary apiKey={apiKey} />
            <KeyActions apiKey={apiKey} onGone={onClose} />
            {apiKey.state !== ApiKeyState.REVOKED && <EditKey apiKey={apiKey} onSaved={onClose} />}
          </>
        )
      }
    </Loaded>
  );
}
