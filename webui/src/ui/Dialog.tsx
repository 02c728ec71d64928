import { Modal } from '@mantine/core';
import type { ReactNode } from 'react';
import { useI18n } from '@/i18n';
import c from './dialog.module.css';

/** A question or a form over the page. Escape and a click beside it close it, unless that would lose something. */
export function Dialog({
  opened,
  title,
  onClose,
  size = 480,
  keep,
  children,
}: {
  opened: boolean;
  title: ReactNode;
  onClose: () => void;
  size?: number;
  /** Only its own buttons close it. */
  keep?: boolean;
  children: ReactNode;
}) {
  const { t } = useI18n();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={title}
      size={size}
      radius={14}
      centered
      withCloseButton={!keep}
      closeOnClickOutside={!keep}
      closeOnEscape={!keep}
      closeButtonProps={{ 'aria-label': t('action.close') }}
      overlayProps={{ backgroundOpacity: 0.35 }}
      transitionProps={{ duration: 120 }}
      classNames={{ content: c.content, header: c.header, title: c.title, body: c.body }}
    >
      {children}
    </Modal>
  );
}

/** The buttons at the end of a dialog. */
export function DialogActions({ children }: { children: ReactNode }) {
  return <div className={c.actions}>{children}</div>;
}
