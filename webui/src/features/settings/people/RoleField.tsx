import { Select } from '@mantine/core';
import type { ReactNode } from 'react';
import { Role } from '@/gen/trunkline/admin/v1/role_pb';
import { useI18n } from '@/i18n';
import { roleMeans, roleWord } from '@/ui/role';

/** Chooses a role, at most one's own, and says what it may do. The value is the number as text. */
export function RoleField({
  value,
  onChange,
  error,
  atMost = Role.OWNER,
}: {
  value?: string;
  onChange?: (value: string | null) => void;
  error?: ReactNode;
  atMost?: Role;
}) {
  const { t } = useI18n();
  const offered = [Role.VIEWER, Role.OPERATOR, Role.OWNER].filter((role) => role <= atMost);
  return (
    <Select
      label={t('people.role')}
      description={t(roleMeans(Number(value) as Role))}
      data={offered.map((role) => ({ value: String(role), label: t(roleWord(role)) }))}
      value={value}
      onChange={onChange}
      error={error}
      allowDeselect={false}
    />
  );
}
