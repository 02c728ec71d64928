import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { Button, Input, PasswordInput, type PasswordInputProps } from '@mantine/core';
import { KeyRound } from 'lucide-react';
import { useState } from 'react';
import { useI18n } from '@/i18n';
import { RelativeTime } from '../Time';
import c from './fields.module.css';

/**
 * A secret that can be written and never read: what is stored shows as its last characters and the
 * time it was set. An empty value keeps it, unless the server says that it must be given again.
 */
export function SecretField({
  label,
  value,
  onChange,
  stored,
  ...rest
}: Omit<PasswordInputProps, 'value' | 'onChange' | 'label'> & {
  label: string;
  value: string;
  onChange: (value: string) => void;
  /** What the server has; undefined when it has none. */
  stored?: { hint: string; setTime?: Timestamp };
}) {
  const { t } = useI18n();
  const [replacing, setReplacing] = useState(false);
  if (stored && !replacing && !rest.error && value === '') {
    return (
      <Input.Wrapper label={label} description={rest.description} labelElement="div">
        <div className={c.stored}>
          <KeyRound size={15} aria-hidden />
          <span className="mono">••••{stored.hint}</span>
          {stored.setTime && (
            <small>
              {t('secret.set')} <RelativeTime at={stored.setTime} />
            </small>
          )}
          <Button variant="subtle" size="compact-sm" onClick={() => setReplacing(true)}>
            {t('secret.replace')}
          </Button>
        </div>
      </Input.Wrapper>
    );
  }
  return (
    <PasswordInput
      {...rest}
      label={label}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      autoComplete="off"
      spellCheck={false}
      data-autofocus={replacing || undefined}
      visibilityToggleButtonProps={{ 'aria-label': t('secret.show'), tabIndex: 0 }}
    />
  );
}
