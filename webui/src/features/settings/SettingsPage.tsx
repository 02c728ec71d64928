import { getRouteApi } from '@tanstack/react-router';
import { useSettings } from '@/api/queries';
import { useMay } from '@/api/role';
import { UserService } from '@/gen/trunkline/admin/v1/user_pb';
import { type PlainKey, useI18n } from '@/i18n';
import { Loaded } from '@/ui/Loaded';
import { PageHeader } from '@/ui/Page';
import { Tabs } from '@/ui/Tabs';
import { useTitle } from '@/ui/useTitle';
import { AboutSection } from './AboutSection';
import { AccessSection } from './AccessSection';
import { AuthoritySection } from './AuthoritySection';
import { DataSection } from './DataSection';
import { FailoverSection } from './FailoverSection';
import { KeysSection } from './KeysSection';
import { PeopleSection } from './people/PeopleSection';
import { RolloutSection } from './RolloutSection';
import { SECTIONS, type Section } from './search';
import c from './settings.module.css';

const words: Record<Section, PlainKey> = {
  failover: 'settings.failover',
  data: 'settings.data',
  rollout: 'settings.rollout',
  access: 'settings.access',
  people: 'people.title',
  keys: 'settings.keys',
  about: 'settings.about',
};

const route = getRouteApi('/signed-in/settings');

export function SettingsPage() {
  const { t } = useI18n();
  const { section = 'failover' } = route.useSearch();
  const navigate = route.useNavigate();
  const settings = useSettings();
  const may = useMay();
  useTitle(t('nav.settings'));
  return (
    <>
      <PageHeader title={t('nav.settings')} lead={t('settings.lead')} />
      <Tabs
        label={t('nav.settings')}
        tabs={SECTIONS.filter((value) => value !== 'people' || may(UserService.method.listUsers)).map((value) => ({
          value,
          label: t(words[value]),
        }))}
        value={section}
        onChange={(next) => navigate({ search: { section: next }, replace: true })}
      >
        <div className={c.sections}>
          {section === 'failover' && <Loaded query={settings}>{(s) => s && <FailoverSection settings={s} />}</Loaded>}
          {section === 'data' && <Loaded query={settings}>{(s) => s && <DataSection settings={s} />}</Loaded>}
          {section === 'rollout' && <Loaded query={settings}>{(s) => s && <RolloutSection settings={s} />}</Loaded>}
          {section === 'access' && <AccessSection />}
          {section === 'people' && <PeopleSection />}
          {section === 'keys' && (
            <>
              <KeysSection />
              <AuthoritySection />
            </>
          )}
          {section === 'about' && <AboutSection />}
        </div>
      </Tabs>
    </>
  );
}
