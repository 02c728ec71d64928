import type { LearnedRefusal } from '@/gen/trunkline/admin/v1/refusal_pb';

/** What is refused, as a request has it: temperature, tool_choice="none"; an endpoint when it is all of that. */
export const refusedThing = ({ parameter, value, endpoint }: LearnedRefusal) =>
  parameter === '' ? endpoint : `${parameter}${value && `=${value}`}`;

/** Tells refusals of one target from each other: nodes may have learned the same of several callers. */
export const refusalKey = (r: LearnedRefusal) => [r.model, r.endpoint, r.parameter, r.value, r.caller].join(' ');
