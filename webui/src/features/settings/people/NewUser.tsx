import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useAction } from '@/api/useAction';
import { Role } from '@/gen/trunkline/admin/v1/role_pb';
import { UserService } from '@/gen/trunkline/admin/v1/user_pb';
import { useI18n } from '@/i18n';
import { DialogActions } from '@/ui/Dialog';
import { FormError } from '@/ui/FormError';
import { Fields } from '@/ui/fields/Form';
import { SentFields } from '@/ui/fields/SentFields';
import { RoleField } from './RoleField';

export function NewUser({ onClose }: { onClose: () => void }) {
  const { t } = useI18n();
  const form = useForm({ initialValues: { name: '', role: String(Role.VIEWER), password: '' } });
  const create = useAction(UserService.method.createUser, {
    form: { target: form, name: 'user' },
    done: (r) => t('people.created', { name: r.user?.name ?? '' }),
    onDone: onClose,
  });
  return (
    <form
      noValidate
      onSubmit={form.onSubmit(({ name, role, password }) =>
        create.run({ user: { name: name.trim(), role: Number(role) as Role, password } }),
      )}
    >
      <SentFields busy={create.busy}>
        <Fields>
          <TextInput
            label={t('people.name')}
            description={t('people.nameHow')}
            autoComplete="off"
            data-autofocus
            {...form.getInputProps('name')}
          />
          <RoleField {...form.getInputProps('role')} />
          <PasswordInput
            label={t('people.password')}
            description={t('people.passwordHow')}
            autoComplete="new-password"
            visibilityToggleButtonProps={{ 'aria-label': t('login.showPassword'), tabIndex: 0 }}
            {...form.getInputProps('password')}
          />
        </Fields>
      </SentFields>
      <FormError error={create.leftError} />
      <DialogActions>
        <Button variant="default" onClick={onClose}>
          {t('action.cancel')}
        </Button>
        <Button type="submit" loading={create.busy}>
          {t('people.create')}
        </Button>
      </DialogActions>
    </form>
  );
}
