import { expect, test } from 'vitest';
import { reasonOf } from './outcome';

test.each([
  ['failure keyword busy', 'busy', ''],
  ['failure keyword busy: come back later', 'busy', 'come back later'],
  ['failure keyword busybody', 'busy', 'failure keyword busybody'],
  ['failure keyword busy', '', 'failure keyword busy'],
  ['max_in_flight is met', '', 'max_in_flight is met'],
  ['', 'busy', ''],
])('%s with the keyword "%s" leaves "%s"', (reason, keyword, left) => expect(reasonOf({ reason, keyword })).toBe(left));
