import { Button } from '@mantine/core';
import { useState } from 'react';
import { useAction } from '@/api/useAction';
import { SessionService } from '@/gen/trunkline/admin/v1/session_pb';
import { useI18n } from '@/i18n';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { Dialog } from '@/ui/Dialog';
import { Card } from '@/ui/Page';
import { Enrolment } from './Enrolment';
import p from './people.module.css';

/** One's own second factor: set up, turned off unless it is required. */
export function SecondFactor({ enabled, required }: { enabled: boolean; required: boolean }) {
  const { t, sentences } = useI18n();
  const [open, setOpen] = useState(false);
  const close = () => setOpen(false);
  const turnOff = useAction(SessionService.method.disableTotp, {
    done: () => t('people.turnedOff'),
    onDone: close,
    quiet: true,
  });
  return (
    <div className={p.card}>
      <Card
        title={t('people.factor')}
        sub={sentences(
          t(enabled ? 'people.factorOn' : 'people.factorOff'),
          enabled && required && t('people.factorRequired'),
        )}
        aside={
          !(enabled && required) && (
            <Button variant="default" onClick={() => setOpen(true)}>
              {t(enabled ? 'people.turnOff' : 'people.setUp')}
            </Button>
          )
        }
      >
        <Dialog opened={open && !enabled} title={t('people.factor')} onClose={close} keep>
          <Enrolment onClose={close} />
        </Dialog>
        <ConfirmDialog
          opened={open && enabled}
          title={t('people.turnOffTitle')}
          confirm={t('people.turnOff')}
          onConfirm={() => turnOff.run({})}
          onClose={close}
          busy={turnOff.busy}
          error={turnOff.error}
        >
          <p>{t('people.turnOffText')}</p>
        </ConfirmDialog>
      </Card>
    </div>
  );
}
