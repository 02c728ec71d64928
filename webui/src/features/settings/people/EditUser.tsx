import { Button, PasswordInput, Switch } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useAction } from '@/api/useAction';
import type { Role } from '@/gen/trunkline/admin/v1/role_pb';
import { type User, UserService } from '@/gen/trunkline/admin/v1/user_pb';
import { useI18n } from '@/i18n';
import { DialogActions } from '@/ui/Dialog';
import { FormError } from '@/ui/FormError';
import { Fields } from '@/ui/fields/Form';
import { SentFields } from '@/ui/fields/SentFields';
import { RoleField } from './RoleField';
import { UserActions } from './UserActions';

export function EditUser({ user, onClose }: { user: User; onClose: () => void }) {
  const { t } = useI18n();
  const form = useForm({ initialValues: { role: String(user.role), disabled: user.disabled, password: '' } });
  const update = useAction(UserService.method.updateUser, {
    form: { target: form, name: 'user' },
    done: () => t('people.saved', { name: user.name }),
    onDone: onClose,
  });
  const submit = form.onSubmit(({ role, disabled, password }) => {
    const paths = [
      ...(Number(role) === user.role ? [] : ['role']),
      ...(disabled === user.disabled ? [] : ['disabled']),
      ...(password === '' ? [] : ['password']),
    ];
    if (paths.length === 0) onClose();
    else
      update.run({
        user: { name: user.name, role: Number(role) as Role, disabled, password },
        updateMask: { paths },
      });
  });
  return (
    <form noValidate onSubmit={submit}>
      <SentFields busy={update.busy}>
        <Fields>
          <RoleField {...form.getInputProps('role')} />
          <Switch
            label={t('people.disabled')}
            description={t('people.disabledHow')}
            {...form.getInputProps('disabled', { type: 'checkbox' })}
          />
          <PasswordInput
            label={t('people.newPassword')}
            description={t('people.newPasswordHow')}
            autoComplete="new-password"
            visibilityToggleButtonProps={{ 'aria-label': t('login.showPassword'), tabIndex: 0 }}
            {...form.getInputProps('password')}
          />
        </Fields>
      </SentFields>
      <FormError error={update.leftError} />
      <UserActions user={user} onGone={onClose} />
      <DialogActions>
        <Button variant="default" onClick={onClose}>
          {t('action.cancel')}
        </Button>
        <Button type="submit" loading={update.busy}>
          {t('people.save')}
        </Button>
      </DialogActions>
    </form>
  );
}
