import { fireEvent, screen, within } from '@testing-library/react';
import { expect, test, vi } from 'vitest';
import { renderUi } from '@/test/renderUi';
import { BulkPrice } from './BulkPrice';
import { newTier, pricesOf, pricesWith } from './draft';

const none = pricesOf(undefined);

test('prices of several models are given with tiers', async () => {
  const apply = vi.fn();
  await renderUi(() => <BulkPrice n={3} onApply={apply} onClose={() => undefined} />);
  const fill = (field: HTMLElement, value: string) => fireEvent.change(field, { target: { value } });
  expect(await screen.findByRole('button', { name: 'Apply' })).toBeDisabled();
  fireEvent.click(screen.getByText('Add a tier'));
  const tier = within(screen.getByText(/^Tier 1/).closest('fieldset') as HTMLElement);
  fill(tier.getByLabelText('Input tokens above'), '200000');
  fill(tier.getByLabelText('Output'), '22.5');
  fireEvent.click(screen.getByRole('button', { name: 'Apply' }));
  expect(apply).toHaveBeenCalledWith({
    ...none,
    tiers: [{ ...newTier(), aboveInputTokens: 200_000, output: '22.5' }],
  });
});

test('what is given goes over what a model has, tier by tier', () => {
  const long = { ...newTier(), aboveInputTokens: 200_000, input: '6', output: '20' };
  const flex = { ...newTier(), serviceTier: 'flex', input: '1.5' };
  const before = { ...none, input: '3', output: '15', audioInput: '40', tiers: [long, flex] };
  const priority = { ...newTier(), serviceTier: 'priority', input: '9' };
  const given = {
    ...none,
    output: '12',
    tiers: [{ ...newTier(), aboveInputTokens: 200_000, output: '22.5' }, priority],
  };
  expect(pricesWith(before, given)).toEqual({
    ...before,
    output: '12',
    tiers: [{ ...long, output: '22.5' }, flex, priority],
  });
});
