import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { NumberInput, Switch, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { Combo, MultiCombo, TagsField } from '@/ui/fields/Combo';
import { DurationField } from '@/ui/fields/DurationField';
import { FieldPart, FieldRow, Fields } from '@/ui/fields/Form';
import { MoneyField } from '@/ui/fields/MoneyField';
import { type Pair, PairsField } from '@/ui/fields/PairsField';
import { SecretField } from '@/ui/fields/SecretField';
import { Card } from '@/ui/Page';
import { RangePicker } from '@/ui/RangePicker';
import type { Range } from '@/ui/range';
import c from './kit.module.css';

export function FieldsDemo() {
  const [ms, setMs] = useState<number | undefined>(30_000);
  const [money, setMoney] = useState('0.15');
  const [secret, setSecret] = useState('');
  const [pairs, setPairs] = useState<Pair[]>([{ name: 'x-team', value: 'search' }]);
  const [tags, setTags] = useState(['gpt-4', 'gpt-4o']);
  const [groups, setGroups] = useState(['chat']);
  const [range, setRange] = useState<Range>({ name: '24h' });
  return (
    <div className={c.grid}>
      <Card title="Fields" sub="Forms of @mantine/form; the server's violations land at the field.">
        <Fields>
          <TextInput label="Name" description="1 to 128 bytes" error="Is already taken" defaultValue="chat" />
          <FieldRow>
            <Combo label="Provider" data={['azure', 'openai', 'deepseek']} defaultValue="azure" clearable />
            <NumberInput label="Weight" defaultValue={1} min={1} />
          </FieldRow>
          <MultiCombo label="Groups" data={['chat', 'vision', 'embeddings']} value={groups} onChange={setGroups} />
          <TagsField label="Aliases" value={tags} onChange={setTags} />
          <FieldRow>
            <DurationField label="Cooldown" description="How long a target rests" value={ms} onChange={setMs} />
            <MoneyField label="Input" value={money} onChange={setMoney} per="/ 1M tokens" />
          </FieldRow>
          <SecretField
            label="Key"
            value={secret}
            onChange={setSecret}
            stored={{ hint: '9f3a', setTime: timestampFromMs(Date.now() - 3 * 86_400_000) }}
          />
          <Switch label="Enabled" defaultChecked />
        </Fields>
      </Card>
      <Card title="More fields">
        <FieldPart title="Headers" sub="Sent with every request">
          <PairsField label="Headers" value={pairs} onChange={setPairs} addLabel="Add header" />
        </FieldPart>
        <FieldPart title="Unusual ones" folded>
          <Textarea label="Notes" autosize minRows={2} />
        </FieldPart>
        <FieldPart title="Range">
          <RangePicker value={range} onChange={setRange} />
        </FieldPart>
      </Card>
    </div>
  );
}
