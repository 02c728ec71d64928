import { Fragment } from 'react';
import c from './kbd.module.css';
import { MOD } from './shortcuts';

/** Keys as they stand on the keyboard: "g d" is one after the other, "mod+k" both at once. */
export function Keys({ keys }: { keys: string }) {
  return (
    <span className={c.keys}>
      {keys.split(' ').map((step, i) => (
        <Fragment key={i}>
          <kbd className={c.key}>
            {step
              .replace('mod', MOD)
              .split('+')
              .map(named)
              .join(MOD === '⌘' ? '' : ' ')}
          </kbd>
        </Fragment>
      ))}
    </span>
  );
}

const named = (key: string) => (key.length === 1 ? key.toUpperCase() : key);
