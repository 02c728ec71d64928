import { useQuery } from '@connectrpc/connect-query';
import { Button } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useAction } from '@/api/useAction';
import { type ApiKey, ApiKeyState, KeyService } from '@/gen/trunkline/admin/v1/key_pb';
import { useI18n } from '@/i18n';
import { FormError } from '@/ui/FormError';
import { Loaded } from '@/ui/Loaded';
import { Panel } from '@/ui/Panel';
import { type Draft, draftOf, messageOf } from './draft';
import { KeyActions } from './KeyActions';
import { KeyForm } from './KeyForm';
import { KeySummary } from './KeySummary';
import c from './keys.module.css';

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
            {apiKey.state !== ApiKeyState.REVOKED && <Edit key={apiKey.etag} apiKey={apiKey} onClose={onClose} />}
          </>
        )
      }
    </Loaded>
  );
}

function Edit({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const { t } = useI18n();
  const form = useForm<Draft>({ initialValues: draftOf(apiKey) });
  const update = useAction(KeyService.method.updateApiKey, {
    form: { target: form, name: apiKey.name },
    done: () => t('keys.saved', { name: apiKey.name }),
    onDone: onClose,
  });
  return (
    <form onSubmit={form.onSubmit((draft) => update.run({ apiKey: messageOf(draft, apiKey) }))}>
      <KeyForm form={form} isNew={false} />
      <FormError error={update.leftError} />
      <div className={c.actions}>
        <Button variant="default" onClick={onClose}>
          {t('action.cancel')}
        </Button>
        <Button type="submit" loading={update.busy} disabled={!form.isDirty()}>
          {t('action.save')}
        </Button>
      </div>
    </form>
  );
}
