import { Button } from '@mantine/core';
import { useState } from 'react';
import { useMay } from '@/api/role';
import { useAction } from '@/api/useAction';
import { type ApiKey, ApiKeyState, KeyService } from '@/gen/trunkline/admin/v1/key_pb';
import { useI18n } from '@/i18n';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import c from './keys.module.css';
import { Revoke } from './Revoke';
import { Rotate } from './Rotate';

type Asked = 'rotate' | 'revoke' | 'delete';

/** Disable, rotate, revoke and delete are four different things, and each says what it does. */
export function KeyActions({ apiKey, onGone }: { apiKey: ApiKey; onGone: () => void }) {
  const { t } = useI18n();
  const [asked, setAsked] = useState<Asked>();
  const close = () => setAsked(undefined);
  const { name, etag } = apiKey;
  const isRevoked = apiKey.state === ApiKeyState.REVOKED;
  const enabled = apiKey.enabled ?? true;
  const toggle = useAction(KeyService.method.updateApiKey, {
    done: () => t(enabled ? 'keys.disabledDone' : 'keys.enabledDone', { name }),
  });
  const remove = useAction(KeyService.method.deleteApiKey, {
    onDone: onGone,
    done: () => t('keys.deletedDone', { name }),
    quiet: true,
  });
  const may = useMay();
  const { rotateApiKey, revokeApiKey } = KeyService.method;
  const enable = () => toggle.run({ apiKey: { name, etag, enabled: !enabled }, updateMask: { paths: ['enabled'] } });
  return (
    <div className={c.buttons}>
      {!isRevoked && (
        <>
          {toggle.allowed && (
            <Button variant="default" loading={toggle.busy} onClick={enable}>
              {t(enabled ? 'keys.disable' : 'keys.enable')}
            </Button>
          )}
          {may(rotateApiKey) && (
            <Button variant="default" onClick={() => setAsked('rotate')}>
              {t('keys.rotate')}
            </Button>
          )}
          {may(revokeApiKey) && (
            <Button variant="default" color="red" onClick={() => setAsked('revoke')}>
              {t('keys.revoke')}
            </Button>
          )}
        </>
      )}
      {isRevoked && may(revokeApiKey) && (
        <Button variant="default" onClick={() => setAsked('revoke')}>
          {t('keys.receipt')}
        </Button>
      )}
      {remove.allowed && (
        <Button variant="subtle" color="red" onClick={() => setAsked('delete')}>
          {t('keys.delete')}
        </Button>
      )}
      <Rotate apiKey={apiKey} opened={asked === 'rotate'} onClose={close} />
      <Revoke apiKey={apiKey} opened={asked === 'revoke'} onClose={close} />
      <ConfirmDialog
        opened={asked === 'delete'}
        title={t('keys.deleteTitle', { name })}
        confirm={t('keys.delete')}
        typeName={name}
        onConfirm={() => remove.run({ name, etag })}
        onClose={close}
        busy={remove.busy}
        error={remove.error}
      >
        <p>{t('keys.deleteText')}</p>
      </ConfirmDialog>
    </div>
  );
}
