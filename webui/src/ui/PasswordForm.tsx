import { Button, PasswordInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useAction } from '@/api/useAction';
import { SessionService } from '@/gen/trunkline/admin/v1/session_pb';
import { useI18n } from '@/i18n';
import { FormError } from './FormError';
import { Fields } from './fields/Form';
import { SentFields } from './fields/SentFields';

/** The least that the server takes, in bytes. */
const SHORTEST = 8;

/** Changes the password of the signed-in person; the present one is asked for unless it is known. */
export function PasswordForm({
  current,
  onDone,
  cancel,
}: {
  current?: string;
  onDone: () => void;
  cancel: { label: string; onCancel: () => void };
}) {
  const { t } = useI18n();
  const form = useForm({
    initialValues: { currentPassword: current ?? '', newPassword: '', again: '' },
    validate: {
      currentPassword: (value) => (value === '' ? t('password.missing') : null),
      newPassword: (value) =>
        new TextEncoder().encode(value).length < SHORTEST ? t('password.short', { n: SHORTEST }) : null,
      again: (value, values) => (value === values.newPassword ? null : t('password.differs')),
    },
  });
  const change = useAction(SessionService.method.changePassword, {
    form: { target: form, name: '' },
    done: () => t('password.done'),
    onDone,
  });
  const field = (path: 'currentPassword' | 'newPassword' | 'again') => ({
    ...form.getInputProps(path),
    visibilityToggleButtonProps: { 'aria-label': t('login.showPassword'), tabIndex: 0 },
    autoComplete: path === 'currentPassword' ? 'current-password' : 'new-password',
  });
  return (
    <form
      noValidate
      onSubmit={form.onSubmit(({ currentPassword, newPassword }) => change.run({ currentPassword, newPassword }))}
    >
      <Fields>
        <SentFields busy={change.busy}>
          {current === undefined && (
            <PasswordInput label={t('password.current')} data-autofocus {...field('currentPassword')} />
          )}
          <PasswordInput
            label={t('password.new')}
            description={t('password.rule', { n: SHORTEST })}
            autoFocus={current !== undefined}
            {...field('newPassword')}
          />
          <PasswordInput label={t('password.again')} {...field('again')} />
        </SentFields>
        <FormError error={change.leftError} />
        <Button type="submit" size="md" fullWidth loading={change.busy}>
          {t('password.set')}
        </Button>
        <Button variant="subtle" fullWidth onClick={cancel.onCancel}>
          {cancel.label}
        </Button>
      </Fields>
    </form>
  );
}
