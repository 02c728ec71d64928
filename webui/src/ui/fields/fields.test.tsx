import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { expect, test, vi } from 'vitest';
import { renderUi } from '@/test/renderUi';
import { DurationField, unitOf } from './DurationField';
import { MoneyField } from './MoneyField';
import { PairsField, toMap, toPairs } from './PairsField';
import { SecretField } from './SecretField';

test.each([
  [undefined, 's'],
  [0, 's'],
  [250, 'ms'],
  [1500, 'ms'],
  [30_000, 's'],
  [90_000, 's'],
  [120_000, 'min'],
  [7_200_000, 'h'],
  [2 * 86_400_000, 'd'],
] as const)('%s ms are written in %s', (ms, unit) => expect(unitOf(ms)).toBe(unit));

test('a duration keeps its number when the unit changes, and may be empty', async () => {
  const changed = vi.fn();
  function Field() {
    const [ms, setMs] = useState<number | undefined>(30_000);
    return (
      <DurationField
        label="Cooldown"
        value={ms}
        onChange={(next) => {
          changed(next);
          setMs(next);
        }}
      />
    );
  }
  await renderUi(() => <Field />);
  expect(screen.getByLabelText('Cooldown')).toHaveValue('30');
  await userEvent.selectOptions(screen.getByLabelText('Unit: Cooldown'), 'min');
  expect(changed).toHaveBeenLastCalledWith(1_800_000);
  expect(screen.getByLabelText('Cooldown')).toHaveValue('30');
  await userEvent.clear(screen.getByLabelText('Cooldown'));
  expect(changed).toHaveBeenLastCalledWith(undefined);
});

test('an empty duration is written in the unit of what holds, or the smallest that may be chosen', async () => {
  const changed = vi.fn();
  await renderUi(() => (
    <>
      <DurationField label="Window" value={undefined} inherited={60_000} onChange={changed} />
      <DurationField label="Wait" value={undefined} inherited={0} placeholder="at once" onChange={changed} />
      <DurationField label="Every" value={undefined} units={['h', 'd']} onChange={changed} />
    </>
  ));
  expect(screen.getByLabelText('Window')).toHaveAttribute('placeholder', '1');
  expect(screen.getByLabelText('Unit: Window')).toHaveValue('min');
  expect(screen.getByLabelText('Wait')).toHaveAttribute('placeholder', '0');
  expect(screen.getByLabelText('Unit: Wait')).toHaveValue('s');
  await userEvent.type(screen.getByLabelText('Window'), '2');
  expect(changed).toHaveBeenLastCalledWith(120_000);
  expect(screen.getByLabelText('Unit: Every')).toHaveValue('h');
  await userEvent.type(screen.getByLabelText('Every'), '5');
  expect(changed).toHaveBeenLastCalledWith(5 * 3_600_000);
});

test('money takes digits and one point, and the comma of other keyboards', async () => {
  function Field() {
    const [value, setValue] = useState('');
    return <MoneyField label="Input" value={value} onChange={setValue} />;
  }
  await renderUi(() => <Field />);
  await userEvent.type(screen.getByLabelText('Input'), '$0,15x');
  expect(screen.getByLabelText('Input')).toHaveValue('0.15');
});

test('a stored secret is not shown, and replacing it is a step of its own', async () => {
  const changed = vi.fn();
  await renderUi(() => <SecretField label="Key" value="" onChange={changed} stored={{ hint: '9f3a' }} />);
  expect(screen.getByText('••••9f3a')).toBeVisible();
  await userEvent.click(screen.getByRole('button', { name: 'Replace' }));
  await userEvent.type(screen.getByLabelText('Key'), 's');
  expect(changed).toHaveBeenCalledWith('s');
});

test('pairs are added, removed, and only named ones count', async () => {
  function Field() {
    const [pairs, setPairs] = useState(toPairs({ 'x-team': 'search' }));
    return (
      <>
        <PairsField label="Headers" value={pairs} onChange={setPairs} addLabel="Add" />
        <output>{JSON.stringify(toMap(pairs))}</output>
      </>
    );
  }
  await renderUi(() => <Field />);
  await userEvent.click(screen.getByRole('button', { name: 'Add' }));
  expect(screen.getByRole('status')).toHaveTextContent('{"x-team":"search"}');
  await userEvent.type(screen.getByLabelText('Headers 2: Name'), 'x-a');
  await userEvent.type(screen.getByLabelText('Headers 2: Value'), '1');
  await userEvent.click(screen.getByRole('button', { name: 'Remove x-team' }));
  expect(screen.getByRole('status')).toHaveTextContent('{"x-a":"1"}');
});
