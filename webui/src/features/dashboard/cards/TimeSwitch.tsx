import { getRouteApi } from '@tanstack/react-router';
import { useI18n } from '@/i18n';
import { Segments } from '@/ui/Segments';

const route = getRouteApi('/signed-in/');

/** Whether times are those to the last byte or to the first token; one choice for the whole page. */
export function TimeSwitch() {
  const { t } = useI18n();
  const { time } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Segments
      label={t('dashboard.time.label')}
      value={time ?? 'total'}
      options={[
        { value: 'total', label: t('dashboard.time.total') },
        { value: 'first', label: t('dashboard.time.first') },
      ]}
      onChange={(chosen) =>
        void navigate({
          search: (s) => ({ ...s, time: chosen === 'first' ? chosen : undefined }),
          replace: true,
          resetScroll: false,
        })
      }
    />
  );
}
