import type { FormErrors } from '@mantine/form';
import c from './otherErrors.module.css';

/** What the server found wrong with parts of the provider that this form does not show: models, import rules. */
export function OtherErrors({ errors }: { errors: FormErrors }) {
  const others = Object.entries(errors).filter(([path]) => /^(models|import|uid|etag)\b/.test(path));
  if (others.length === 0) return null;
  return (
    <ul className={c.errors} role="alert">
      {others.map(([path, error]) => (
        <li key={path}>
          <code>{path}</code> {error}
        </li>
      ))}
    </ul>
  );
}
