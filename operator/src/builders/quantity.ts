/** Numbers as the quantities that are read best. Pure. */
export { parseQuantity, type Quantity } from '../crds/quantity.ts';

/** Thousandths of a core. */
export const millicores = (count: number): string => `${Math.ceil(count)}m`;

export const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)}Mi`;
