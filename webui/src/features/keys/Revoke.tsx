import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { Button, Checkbox, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useAction } from '@/api/useAction';
import { type ApiKey, ApiKeyState, KeyService } from '@/gen/trunkline/admin/v1/key_pb';
import type { RevocationReceipt } from '@/gen/trunkline/admin/v1/revocation_pb';
import { useI18n } from '@/i18n';
import { Dialog, DialogActions } from '@/ui/Dialog';
import { FormError } from '@/ui/FormError';
import { RelativeTime } from '@/ui/Time';
import c from './keys.module.css';

/** How long to wait for nodes to confirm. */
const WAIT = 5_000;

/** Ends a key permanently, then says which nodes refuse it already. On a revoked key it only asks how nodes stand. */
export function Revoke({ apiKey, opened, onClose }: { apiKey: ApiKey; opened: boolean; onClose: () => void }) {
  const { t } = useI18n();
  return (
    <Dialog opened={opened} title={t('keys.revokeTitle', { name: apiKey.name })} onClose={onClose} size={480}>
      <Content apiKey={apiKey} onClose={onClose} />
    </Dialog>
  );
}

function Content({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const { t } = useI18n();
  const { name } = apiKey;
  const [wasRevoked] = useState(apiKey.state === ApiKeyState.REVOKED);
  const [typed, setTyped] = useState('');
  const [cutStreams, setCutStreams] = useState(false);
  const revoke = useAction(KeyService.method.revokeApiKey, { quiet: true });
  const receipt = revoke.result?.receipt;
  const sure = wasRevoked || typed.trim() === name;
  if (receipt) return <Receipt receipt={receipt} onClose={onClose} />;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (sure) revoke.run({ name, cutStreams, wait: durationFromMs(WAIT) });
      }}
    >
      <p>{t(wasRevoked ? 'keys.receiptText' : 'keys.revokeText')}</p>
      {!wasRevoked && (
        <>
          <Checkbox
            label={t('keys.cutStreams')}
            checked={cutStreams}
            onChange={(event) => setCutStreams(event.currentTarget.checked)}
          />
          <TextInput
            mt={14}
            label={t('confirm.type', { name })}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            autoComplete="off"
            spellCheck={false}
            data-autofocus
          />
        </>
      )}
      <FormError error={revoke.error} />
      <DialogActions>
        <Button variant="default" onClick={onClose}>
          {t('action.cancel')}
        </Button>
        <Button type="submit" color={wasRevoked ? undefined : 'red'} disabled={!sure} loading={revoke.busy}>
          {t(wasRevoked ? 'keys.receipt' : 'keys.revoke')}
        </Button>
      </DialogActions>
    </form>
  );
}

/** Which nodes refuse the key, and which may not yet. */
function Receipt({ receipt, onClose }: { receipt: RevocationReceipt; onClose: () => void }) {
  const { t, count, list } = useI18n();
  return (
    <>
      <p>
        <b>{count('keys.confirmed', receipt.confirmed.length)}</b>
      </p>
      {receipt.confirmed.length > 0 && <p className={c.quiet}>{list(receipt.confirmed)}</p>}
      {receipt.unconfirmed.length > 0 && (
        <>
          <p className={c.warn}>{t('keys.unconfirmed')}</p>
          <ul className={c.nodes}>
            {receipt.unconfirmed.map((node) => (
              <li key={node.name}>
                <b>{node.name}</b> {node.reason} {node.lastSeenTime && <RelativeTime at={node.lastSeenTime} />}
              </li>
            ))}
          </ul>
        </>
      )}
      <DialogActions>
        <Button onClick={onClose}>{t('action.done')}</Button>
      </DialogActions>
    </>
  );
}
