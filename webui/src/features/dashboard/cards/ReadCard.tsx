import type { ReactNode } from 'react';
import { useI18n } from '@/i18n';
import { Loaded } from '@/ui/Loaded';
import { Card } from '@/ui/Page';
import { SkeletonBlock } from '@/ui/States';
import c from '../dashboard.module.css';
import type { Read, ReadQuery } from '../queries';

/** A card of one reading: it loads, fails and is empty by itself, and says which time it is of. */
export function ReadCard<T>({
  title,
  sub,
  aside,
  query,
  height,
  isEmpty,
  children,
}: {
  title: string;
  sub: (read: Read<T>) => ReactNode;
  aside?: ReactNode;
  query: ReadQuery<T>;
  /** Of what it will hold, in px, so that nothing jumps. */
  height: number;
  isEmpty: (data: T) => boolean;
  children: (read: Read<T>) => ReactNode;
}) {
  const { t } = useI18n();
  return (
    <Card title={title} sub={query.data ? sub(query.data) : ' '} aside={aside}>
      <Loaded query={query} skeleton={<SkeletonBlock height={height} />}>
        {(read) =>
          isEmpty(read.data) ? (
            <p className={c.nothing} style={{ minHeight: height }}>
              {t('dashboard.noCalls')}
            </p>
          ) : (
            <div data-old={query.isPlaceholderData} className={c.read}>
              {children(read)}
            </div>
          )
        }
      </Loaded>
    </Card>
  );
}
