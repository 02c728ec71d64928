import type { DescMethod } from '@bufbuild/protobuf';
import { Eye } from 'lucide-react';
import type { ReactNode } from 'react';
import { roleFor, useMay } from '@/api/role';
import { useI18n } from '@/i18n';
import { roleWord } from '../role';
import c from './fields.module.css';

/** Fields that the method saves. Who may not call it reads them, and is told why they cannot be changed. */
export function Editable({ call, children }: { call: DescMethod; children: ReactNode }) {
  const { t } = useI18n();
  const may = useMay();
  if (may(call)) return children;
  return (
    <fieldset disabled className={c.readOnly}>
      <p className={c.viewOnly}>
        <Eye size={15} aria-hidden />
        {t('role.viewOnly', { role: t(roleWord(roleFor(call))) })}
      </p>
      {children}
    </fieldset>
  );
}
