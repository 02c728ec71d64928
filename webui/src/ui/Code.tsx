import { UnstyledButton } from '@mantine/core';
import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useI18n } from '@/i18n';
import { copyText } from './copyText';
import c from './ui.module.css';

/** Text to take along, with a button that copies it. */
export function CodeBlock({ code, label }: { code: string; label: string }) {
  return (
    <figure className={c.code}>
      <figcaption>
        <span>{label}</span>
        <CopyAction value={code} />
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <pre tabIndex={0} translate="no">
        {code}
      </pre>
    </figure>
  );
}

/** label says what is copied where that is not plain to see. */
export function CopyAction({ value, label }: { value: string; label?: string }) {
  const { t } = useI18n();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1600);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <UnstyledButton className={c.copy} data-done={copied} onClick={async () => setCopied(await copyText(value))}>
      {copied ? <Check size={14} aria-hidden /> : <Copy size={14} aria-hidden />}
      <span aria-live="polite">{copied ? t('action.copied') : (label ?? t('action.copy'))}</span>
    </UnstyledButton>
  );
}
