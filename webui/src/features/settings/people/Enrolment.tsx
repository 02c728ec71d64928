import { useMutation } from '@connectrpc/connect-query';
import { Button, Checkbox, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { notifyDone } from '@/api/notify';
import { SessionService } from '@/gen/trunkline/admin/v1/session_pb';
import { useI18n } from '@/i18n';
import { CodeBlock } from '@/ui/Code';
import { DialogActions } from '@/ui/Dialog';
import { FormError } from '@/ui/FormError';
import { Fields } from '@/ui/fields/Form';
import p from './people.module.css';
import { QrCode } from './QrCode';

/** Sets up a second factor: the QR code, the first code of the app, and then the recovery codes. */
export function Enrolment({
  onClose,
  cancel,
}: {
  onClose: () => void;
  /** Instead of closing. */
  cancel?: { label: string; onCancel: () => void };
}) {
  const { t } = useI18n();
  const client = useQueryClient();
  const { mutate: begin, data: begun, error } = useMutation(SessionService.method.beginTotp);
  useEffect(() => begin({}), [begin]);
  const form = useForm({ initialValues: { code: '' } });
  const confirm = useMutation(SessionService.method.confirmTotp);
  const codes = confirm.data?.recoveryCodes;
  const [stored, setStored] = useState(false);
  if (codes)
    return (
      <>
        <Fields>
          <p className={p.text}>{t('people.recoveryHow')}</p>
          <CodeBlock label={t('people.recovery')} code={codes.join('\n')} />
          <Checkbox
            label={t('people.stored')}
            checked={stored}
            onChange={(event) => setStored(event.currentTarget.checked)}
          />
        </Fields>
        <DialogActions>
          <Button
            disabled={!stored}
            onClick={() => {
              onClose();
              notifyDone(t('people.factorDone'));
              void client.invalidateQueries();
            }}
          >
            {t('action.done')}
          </Button>
        </DialogActions>
      </>
    );
  return (
    <form noValidate onSubmit={form.onSubmit(({ code }) => confirm.mutate({ code }))}>
      <Fields>
        <p className={p.text}>{t('people.scan')}</p>
        {begun && <QrCode rows={begun.qrRows} label={t('people.qr')} />}
        {begun && <CodeBlock label={t('people.secret')} code={begun.secret} />}
        <TextInput
          label={t('login.code')}
          autoComplete="one-time-code"
          inputMode="numeric"
          data-autofocus
          {...form.getInputProps('code')}
        />
      </Fields>
      <FormError error={error ?? confirm.error} />
      <DialogActions>
        <Button variant="default" onClick={cancel?.onCancel ?? onClose}>
          {cancel?.label ?? t('action.cancel')}
        </Button>
        <Button type="submit" loading={confirm.isPending} disabled={!begun || form.values.code === ''}>
          {t('people.confirm')}
        </Button>
      </DialogActions>
    </form>
  );
}
