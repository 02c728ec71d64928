import { Button } from '@mantine/core';
import { useForm } from '@mantine/form';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useAction } from '@/api/useAction';
import { KeyService } from '@/gen/trunkline/admin/v1/key_pb';
import { useI18n } from '@/i18n';
import { ClientSetups } from '@/ui/ClientSetups';
import { FormError } from '@/ui/FormError';
import { ForRole } from '@/ui/ForRole';
import { SentFields } from '@/ui/fields/SentFields';
import { Panel } from '@/ui/Panel';
import { SecretDialog } from '@/ui/SecretDialog';
import { type Draft, emptyDraft, messageOf } from './draft';
import { KeyForm } from './KeyForm';
import c from './keys.module.css';

type Made = { name: string; secret: string; group: string | undefined };

/** Makes a key, then shows it once with how to use it. */
export function NewKey({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useI18n();
  const [made, setMade] = useState<Made>();
  return (
    <>
      <Panel opened={opened && made === undefined} title={t('keys.add')} onClose={onClose}>
        <ForRole call={KeyService.method.createApiKey}>
          <Form onClose={onClose} onMade={setMade} />
        </ForRole>
      </Panel>
      <ShownOnce
        made={made}
        title={t('keys.made')}
        onClose={() => {
          setMade(undefined);
          onClose();
        }}
      />
    </>
  );
}

function Form({ onClose, onMade }: { onClose: () => void; onMade: (made: Made) => void }) {
  const { t } = useI18n();
  const form = useForm<Draft>({ initialValues: emptyDraft() });
  const create = useAction(KeyService.method.createApiKey, {
    form: { target: form, name: '' },
    done: (r) => t('keys.created_', { name: r.apiKey?.name ?? '' }),
    onDone: (r) => {
      const secret = r.secret || form.values.secret;
      onMade({ name: r.apiKey?.name ?? '', secret, group: r.apiKey?.groups[0] });
    },
  });
  return (
    <form onSubmit={form.onSubmit((draft) => create.run({ apiKey: messageOf(draft) }))}>
      <SentFields busy={create.busy}>
        <KeyForm form={form} isNew />
      </SentFields>
      <FormError error={create.leftError} />
      <div className={c.actions}>
        <Button variant="default" onClick={onClose}>
          {t('action.cancel')}
        </Button>
        <Button type="submit" loading={create.busy}>
          {t('keys.create')}
        </Button>
      </div>
    </form>
  );
}

/** The secret with how clients are set up to use it; used after a rotation too. */
export function ShownOnce({ made, title, onClose }: { made: Made | undefined; title: string; onClose: () => void }) {
  const { t } = useI18n();
  const group = made?.group;
  return (
    <SecretDialog
      secret={made?.secret}
      title={title}
      onClose={onClose}
      actions={
        group && (
          <Link to="/playground" search={{ group }} className={c.link}>
            {t('keys.tryIt')}
          </Link>
        )
      }
    >
      {group ? (
        <>
          <h3 className={c.setup}>{t('keys.clientSetup')}</h3>
          <ClientSetups group={group} apiKey={made.name} secret={made.secret} />
        </>
      ) : (
        <p className={c.warn}>{t('keys.noGroup')}</p>
      )}
    </SecretDialog>
  );
}
