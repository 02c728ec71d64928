import type { MessageInitShape } from '@bufbuild/protobuf';
import { callUnaryMethod, useTransport } from '@connectrpc/connect-query';
import { useState } from 'react';
import { type ErrorTarget, useAction } from '@/api/useAction';
import { useConflict } from '@/api/useConflict';
import { type Settings, type SettingsSchema, SettingsService } from '@/gen/trunkline/admin/v1/settings_pb';
import { useI18n } from '@/i18n';

/** Saves a part of the settings, named by its paths; when someone else saved first, theirs is read. */
export function useSave(settings: Settings, paths: string[]) {
  const { t } = useI18n();
  const transport = useTransport();
  const [errors, setErrors] = useState<Record<string, string>>({});
  const target: ErrorTarget = { setErrors, getInputNode: () => null };
  const conflict = useConflict(
    async () => (await callUnaryMethod(transport, SettingsService.method.getSettings, {})).settings,
  );
  const update = useAction(SettingsService.method.updateSettings, {
    form: { target, name: '' },
    onConflict: conflict.found,
    done: () => t('settings.saved'),
    onDone: () => setErrors({}),
  });
  const save = (change: MessageInitShape<typeof SettingsSchema>, etag = settings.etag) => {
    setErrors({});
    update.run({ settings: { ...change, etag }, updateMask: { paths } });
  };
  return { save, errors, busy: update.busy, leftError: update.leftError, conflict };
}
