import { create } from '@bufbuild/protobuf';
import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { ImportAction, ImportedModelSchema } from '@/gen/trunkline/admin/v1/import_pb';
import { renderUi } from '@/test/renderUi';
import { PlanTable } from './PlanTable';

test('a price of a catalogue tells its source, its tiers and what could not be taken over', async () => {
  const model = create(ImportedModelSchema, {
    id: 'gpt',
    action: ImportAction.ADD,
    price: { input: '2.5', tiers: [{ aboveInputTokens: 272_000n, input: '5' }] },
    priceSource: 'catalogue',
    pricesLeftOut: ['input_cost_per_pixel', 'search_context_cost_per_query'],
  });
  await renderUi(() => <PlanTable models={[model]} />);
  expect(
    await screen.findByText('not part of this price: input_cost_per_pixel, search_context_cost_per_query'),
  ).toBeVisible();
  expect(screen.getByText('1 tier')).toBeVisible();
  expect(screen.getByText(/catalogue/i)).toBeVisible();
});
