/** A name from the address is offered even when there is nothing of that name any more. */
export const offered = (names: string[], chosen: string | undefined) =>
  chosen === undefined || names.includes(chosen) ? names : [chosen, ...names];
