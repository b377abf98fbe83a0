/** Versions as programs print them: the numbers that matter, and which of two is the newer. */

/**
 * The first dotted number in a program's answer: `go version go1.26.8 linux/amd64` is [1, 26, 8].
 * @param {string} text
 * @returns {number[] | null} null when the text holds no number
 */
export function parseVersion(text) {
  const found = /\d+(?:\.\d+)*/.exec(text);
  return found ? found[0].split('.').map(Number) : null;
}

/**
 * Compares number by number; a missing number counts as 0.
 * @param {readonly number[]} left
 * @param {readonly number[]} right
 * @returns {number} negative when `left` is older, 0 when equal, positive when newer
 */
export function compareVersions(left, right) {
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
