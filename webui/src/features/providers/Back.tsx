import { Link } from '@tanstack/react-router';
import { ArrowLeft } from 'lucide-react';
import c from './providers.module.css';

/** The way back from a view: to the list, or to one provider. */
export function Back({ to, children }: { to?: string; children: string }) {
  return (
    <Link to="/providers" search={to === undefined ? {} : { provider: to }} className={c.back}>
      <ArrowLeft size={15} aria-hidden />
      {children}
    </Link>
  );
}
