import { Button } from '@mantine/core';
import { ShieldAlert } from 'lucide-react';
import { KeywordService } from '@/gen/trunkline/admin/v1/keyword_pb';
import { useI18n } from '@/i18n';
import { May } from '@/ui/May';
import { EmptyState } from '@/ui/States';
import c from './keywords.module.css';
import { PRESETS, type Preset } from './presets';

/** There are none yet: what providers are known to write is a good beginning. */
export function NoKeywords({ filtered, onPreset }: { filtered: boolean; onPreset: (preset: Preset) => void }) {
  const { t } = useI18n();
  const icon = <ShieldAlert size={22} aria-hidden />;
  if (filtered) return <EmptyState icon={icon} title={t('list.noMatch')} />;
  return (
    <EmptyState icon={icon} title={t('keywords.none')}>
      <May call={KeywordService.method.createFailureKeyword}>
        <p>{t('keywords.noneHow')}</p>
        <div className={c.presets}>
          {PRESETS.map((preset) => (
            <Button key={preset.name} variant="default" size="compact-md" onClick={() => onPreset(preset)}>
              {preset.keyword ?? preset.name}
            </Button>
          ))}
        </div>
      </May>
    </EmptyState>
  );
}
