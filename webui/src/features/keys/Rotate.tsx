import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { Button } from '@mantine/core';
import { useState } from 'react';
import { useAction } from '@/api/useAction';
import { type ApiKey, KeyService } from '@/gen/trunkline/admin/v1/key_pb';
import { useI18n } from '@/i18n';
import { Dialog, DialogActions } from '@/ui/Dialog';
import { FormError } from '@/ui/FormError';
import { DurationField } from '@/ui/fields/DurationField';
import { SentFields } from '@/ui/fields/SentFields';
import { ShownOnce } from './NewKey';

const DAY = 86_400_000;

/** Gives a key a new secret, shown once; the old one goes on for as long as is asked. */
export function Rotate({ apiKey, opened, onClose }: { apiKey: ApiKey; opened: boolean; onClose: () => void }) {
  const { t } = useI18n();
  const [overlap, setOverlap] = useState<number | undefined>(DAY);
  const [secret, setSecret] = useState<string>();
  const { name } = apiKey;
  const rotate = useAction(KeyService.method.rotateApiKey, {
    quiet: true,
    done: () => t('keys.rotated', { name }),
    onDone: (r) => setSecret(r.secret),
  });
  const submit = () => rotate.run({ name, overlap: overlap ? durationFromMs(overlap) : undefined });
  return (
    <>
      <Dialog
        opened={opened && secret === undefined}
        title={t('keys.rotateTitle', { name })}
        onClose={onClose}
        size={460}
      >
        <p>{t('keys.rotateText')}</p>
        <SentFields busy={rotate.busy}>
          <DurationField
            label={t('keys.overlap')}
            description={t('keys.overlapHow')}
            value={overlap}
            onChange={setOverlap}
            units={['min', 'h', 'd']}
          />
        </SentFields>
        <FormError error={rotate.error} />
        <DialogActions>
          <Button variant="default" onClick={onClose}>
            {t('action.cancel')}
          </Button>
          <Button onClick={submit} loading={rotate.busy}>
            {t('keys.rotate')}
          </Button>
        </DialogActions>
      </Dialog>
      <ShownOnce
        made={secret === undefined ? undefined : { name, secret, group: apiKey.groups[0] }}
        title={t('keys.newSecret')}
        onClose={() => {
          setSecret(undefined);
          onClose();
        }}
      />
    </>
  );
}
