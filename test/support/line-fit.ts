/** A straight line through measured points. */
import { slope as leastSquares } from './pacing-figures.ts';

/** Least squares: the slope and its standard error. At least three points. */
export function fitLine(x: readonly number[], y: readonly number[]): { slope: number; error: number } {
  const slope = leastSquares(x, y);
  const meanX = x.reduce((a, b) => a + b, 0) / x.length;
  const meanY = y.reduce((a, b) => a + b, 0) / y.length;
  let residual = 0;
  let width = 0;
  for (let i = 0; i < x.length; i++) {
    const dx = (x[i] as number) - meanX;
    residual += ((y[i] as number) - meanY - slope * dx) ** 2;
    width += dx * dx;
  }
  return { slope, error: Math.sqrt(residual / (x.length - 2) / width) };
}
