import { Link } from '@tanstack/react-router';
import { PRESETS } from '@/gen/presets';
import { useI18n } from '@/i18n';
import c from './form.module.css';
import { CUSTOM } from './presets';

/** A long host breaks behind a dot, not within a word. */
const breakable = (host: string) => host.replaceAll('.', '.\u200b');

/** Where to begin: a vendor whose address and ways are known, or an API of one's own. */
export function PresetCards() {
  const { t } = useI18n();
  return (
    <ul className={c.presets} aria-label={t('providers.presets')}>
      {PRESETS.map((preset) => (
        <li key={preset.id}>
          <Link to="/providers" search={{ new: preset.id }}>
            <b>{preset.title}</b>
            <small>{breakable(new URL(preset.baseUrl).host)}</small>
          </Link>
        </li>
      ))}
      <li>
        <Link to="/providers" search={{ new: CUSTOM.id }}>
          <b>{t('providers.custom')}</b>
          <small>{t('providers.customHint')}</small>
        </Link>
      </li>
    </ul>
  );
}
