import { fireEvent, screen, within } from '@testing-library/react';
import { expect, test, vi } from 'vitest';
import { renderUi } from '@/test/renderUi';
import { newTier, pricesOf } from './draft';
import { PriceDialog } from './PriceDialog';

test('a tier and a price of audio are added beside those that are there', async () => {
  const apply = vi.fn();
  const flex = { ...newTier(), serviceTier: 'flex', input: '1.25' };
  const prices = { ...pricesOf(undefined), input: '2.5', tiers: [flex] };
  await renderUi(() => <PriceDialog name="gpt" prices={prices} onApply={apply} onClose={() => undefined} />);
  const fill = (field: HTMLElement, value: string) => fireEvent.change(field, { target: { value } });
  fireEvent.click(await screen.findByText('Add a tier'));
  fill(screen.getAllByLabelText('Audio input')[0] as HTMLElement, '40');
  const tier = within(screen.getByText(/^Tier 2/).closest('fieldset') as HTMLElement);
  fill(tier.getByLabelText('Input tokens above'), '272000');
  fill(tier.getByLabelText('Input'), '5');
  fireEvent.click(screen.getByText('Apply'));
  expect(apply).toHaveBeenCalledWith({
    ...prices,
    audioInput: '40',
    tiers: [flex, { ...newTier(), aboveInputTokens: 272_000, input: '5' }],
  });
});
