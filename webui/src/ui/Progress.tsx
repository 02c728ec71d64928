import type { Tone } from './outcome';
import c from './progress.module.css';

/** How far something is, 0 to 1; undefined moves without saying how far. */
export function Progress({
  label,
  share,
  tone = 'accent',
}: {
  label: string;
  share: number | undefined;
  tone?: Tone | 'accent';
}) {
  const percent = share === undefined ? undefined : Math.round(Math.min(1, Math.max(0, share)) * 100);
  return (
    <div
      className={c.track}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <i
        data-tone={tone}
        data-moving={percent === undefined}
        style={{ width: percent === undefined ? '34%' : `${percent}%` }}
      />
    </div>
  );
}
