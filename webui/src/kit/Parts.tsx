import { Button } from '@mantine/core';
import { useState } from 'react';
import { notifyDone, notifyFailed } from '@/api/notify';
import { CodeTabs } from '@/ui/CodeTabs';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { HealthPill } from '@/ui/HealthPill';
import { Meter } from '@/ui/Meter';
import { OutcomePill } from '@/ui/OutcomePill';
import { Card } from '@/ui/Page';
import { Panel, PanelPart } from '@/ui/Panel';
import { Progress } from '@/ui/Progress';
import { SaveBar } from '@/ui/SaveBar';
import { SecretDialog } from '@/ui/SecretDialog';
import { SortableList } from '@/ui/SortableList';
import { ErrorState, SkeletonBlock, SkeletonRows } from '@/ui/States';
import { Steps } from '@/ui/Steps';
import { Tabs } from '@/ui/Tabs';
import c from './kit.module.css';

const SNIPPETS = [
  { id: 'curl', label: 'curl', blocks: [{ code: 'curl https://gw.example/v1/models' }] },
  {
    id: 'codex',
    label: 'Codex',
    blocks: [{ label: '~/.codex/config.toml', code: 'model = "chat"' }, { code: 'codex' }],
  },
];

const STATES = ['healthy', 'degraded', 'probing', 'cooling', 'disabled', 'unserved', 'unknown'] as const;
const CHANGES = [
  { name: 'Order', before: 'azure, openai', after: 'openai, azure' },
  { name: 'Alias', after: 'gpt-4' },
];

export function Parts() {
  const [open, setOpen] = useState('');
  const [tab, setTab] = useState<'one' | 'two'>('one');
  const [items, setItems] = useState(['Azure · East US 2', 'OpenAI direct', 'OpenRouter', 'Singapore relay']);
  const [step, setStep] = useState(1);
  const [conflict, setConflict] = useState(false);
  const close = () => setOpen('');
  return (
    <>
      <div className={c.grid}>
        <Card title="Order" sub="Drag, or focus a handle and press Space" flush>
          <SortableList label="Order" items={items} idOf={(i) => i} nameOf={(i) => i} onMove={setItems}>
            {(item, i, handle) => (
              <div className={c.item}>
                {handle}
                <span className="num">{i + 1}</span>
                <b>{item}</b>
              </div>
            )}
          </SortableList>
        </Card>
        <Card title="States">
          <div className={c.stack}>
            <div className={c.row}>
              {STATES.map((state) => (
                <HealthPill key={state} state={state} />
              ))}
              <OutcomePill outcome="ok" status={200} />
              <OutcomePill outcome="rate_limited" status={429} />
              <OutcomePill outcome="client_closed" status={499} />
            </div>
            <Meter n={3} of={5} />
            <Progress label="Import" share={0.4} />
            <Progress label="Waiting" share={undefined} tone="ok" />
            <Steps label="Import" steps={['Fetch', 'Choose', 'Review']} at={step} onBack={setStep} />
            <ErrorState error={new Error('the disk is full')} onRetry={() => undefined} />
            <SkeletonRows rows={2} />
            <SkeletonBlock height={60} />
          </div>
        </Card>
        <Card title="Code">
          <CodeTabs snippets={SNIPPETS} />
        </Card>
        <Card title="Over the page">
          <div className={c.stack}>
            <div className={c.row}>
              <Button onClick={() => setOpen('confirm')}>Confirm</Button>
              <Button onClick={() => setOpen('type')}>Confirm by name</Button>
              <Button onClick={() => setOpen('panel')}>Panel</Button>
              <Button onClick={() => setOpen('secret')}>Secret</Button>
              <Button variant="default" onClick={() => notifyDone('Saved in revision 419')}>
                Done
              </Button>
              <Button
                variant="default"
                onClick={() => notifyFailed('Not possible in the current state', 'a group uses it')}
              >
                Failed
              </Button>
              <Button variant="default" onClick={() => setConflict(!conflict)}>
                Conflict
              </Button>
            </div>
            <Tabs
              label="Views"
              tabs={[
                { value: 'one', label: 'Models', badge: 12 },
                { value: 'two', label: 'Health' },
              ]}
              value={tab}
              onChange={setTab}
            >
              View {tab}
            </Tabs>
          </div>
        </Card>
      </div>
      <SaveBar
        changes={CHANGES}
        onSave={() => undefined}
        onDiscard={() => undefined}
        conflict={
          conflict
            ? {
                changes: [{ name: 'Weight', before: '1', after: '3' }],
                onReload: () => setConflict(false),
                onOverwrite: () => setConflict(false),
              }
            : undefined
        }
      />
      <ConfirmDialog
        opened={open === 'confirm'}
        title="Disable azure?"
        confirm="Disable"
        danger={false}
        onConfirm={close}
        onClose={close}
      >
        Two groups lose a member.
      </ConfirmDialog>
      <ConfirmDialog
        opened={open === 'type'}
        title="Revoke my-app?"
        confirm="Revoke key"
        typeName="my-app"
        onConfirm={close}
        onClose={close}
      >
        It stops working at once.
      </ConfirmDialog>
      <Panel
        opened={open === 'panel'}
        title="req_0199e5c1"
        sub="Nov 23, 14:05"
        onClose={close}
        onNext={() => undefined}
        onPrevious={undefined}
      >
        <PanelPart title="Attempts">Two of them.</PanelPart>
        <PanelPart title="Tokens">None.</PanelPart>
      </Panel>
      <SecretDialog
        secret={open === 'secret' ? 'sk-tl-0199e5c1d37d1e7a529d0b6f2d8c3b1a44' : undefined}
        title="Key created"
        onClose={close}
      >
        <CodeTabs snippets={SNIPPETS} />
      </SecretDialog>
    </>
  );
}
