import { useEffect, useState } from 'react';
import { useI18n } from '@/i18n';

/** The time since then, counting; since is of performance.now(). */
export function Elapsed({ since }: { since: number }) {
  const { duration } = useI18n();
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 100);
    return () => clearInterval(timer);
  }, []);
  return <span className="num">{duration(Math.max(0, now - since))}</span>;
}
