/** Amounts as the quantities of Kubernetes that are read best. Pure. */

/** Quantity of a number of thousandths of a core. */
export const millicores = (count: number): string => `${Math.ceil(count)}m`;

export const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)}Mi`;
