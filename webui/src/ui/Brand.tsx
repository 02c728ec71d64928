import { under } from '@/api/base';
import c from './brand.module.css';

export function Brand() {
  return (
    <span className={c.brand}>
      <img src={under('favicon.svg')} width={24} height={24} alt="" />
      Trunkline
    </span>
  );
}
