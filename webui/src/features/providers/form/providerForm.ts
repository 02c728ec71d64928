import type { UseFormReturnType } from '@mantine/form';
import type { Values } from './values';

/** The form of a provider, of which each part has its fields. */
export type ProviderForm = UseFormReturnType<Values>;
