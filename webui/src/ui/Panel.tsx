import { Drawer, UnstyledButton } from '@mantine/core';
import { ChevronDown, ChevronUp } from 'lucide-react';
import type { ReactNode } from 'react';
import { useI18n } from '@/i18n';
import c from './panel.module.css';
import { useShortcut } from './shortcuts';

/**
 * A thing in detail beside its list. It has its own address: whether it is open, and on what, is a
 * search parameter of the page, so a link to it can be sent and Back closes it.
 */
export function Panel({
  opened,
  title,
  sub,
  actions,
  onClose,
  onPrevious,
  onNext,
  size = 620,
  children,
}: {
  opened: boolean;
  title: ReactNode;
  sub?: ReactNode;
  /** Buttons in the head. */
  actions?: ReactNode;
  onClose: () => void;
  /** Walk the list behind it, with K and J too; undefined at its ends. */
  onPrevious?: () => void;
  onNext?: () => void;
  size?: number;
  children: ReactNode;
}) {
  const { t } = useI18n();
  const walks = onPrevious !== undefined || onNext !== undefined;
  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      position="right"
      size={size}
      overlayProps={{ backgroundOpacity: 0.35 }}
      transitionProps={{ duration: 160 }}
      title={
        <span className={c.head}>
          <span className={c.words}>
            <span className={c.title}>{title}</span>
            {sub && <span className={c.sub}>{sub}</span>}
          </span>
          {(actions || walks) && (
            <span className={c.actions}>
              {actions}
              {walks && <Walk onPrevious={onPrevious} onNext={onNext} />}
            </span>
          )}
        </span>
      }
      closeButtonProps={{ 'aria-label': t('action.close') }}
      classNames={{ content: c.content, title: c.titleBox, header: c.header, body: c.body }}
    >
      {opened && children}
    </Drawer>
  );
}

function Walk({ onPrevious, onNext }: { onPrevious?: () => void; onNext?: () => void }) {
  const { t } = useI18n();
  useShortcut('k', t('action.previous'), () => onPrevious?.(), { enabled: onPrevious !== undefined });
  useShortcut('j', t('action.next'), () => onNext?.(), { enabled: onNext !== undefined });
  return (
    <>
      <UnstyledButton
        className={c.walk}
        aria-label={`${t('action.previous')} (K)`}
        disabled={!onPrevious}
        onClick={onPrevious}
      >
        <ChevronUp size={17} aria-hidden />
      </UnstyledButton>
      <UnstyledButton className={c.walk} aria-label={`${t('action.next')} (J)`} disabled={!onNext} onClick={onNext}>
        <ChevronDown size={17} aria-hidden />
      </UnstyledButton>
    </>
  );
}

/** A titled part of a panel. */
export function PanelPart({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section className={c.part}>
      <header>
        <h3>{title}</h3>
        {aside}
      </header>
      {children}
    </section>
  );
}
