import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Tone } from './outcome';
import c from './ui.module.css';

/** A state: colour, icon and word together, as colour alone is no signal. */
export function Pill({ tone, Icon, children }: { tone: Tone; Icon: LucideIcon; children: ReactNode }) {
  return (
    <span className={c.pill} data-tone={tone}>
      <Icon size={13} strokeWidth={2.25} aria-hidden />
      {children}
    </span>
  );
}
