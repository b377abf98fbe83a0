/** Resource versions in their order. */

const DECIMAL = /^[1-9][0-9]*$/;

/**
 * Whether `version` is `than` or newer. They are comparable within one resource as decimals of any length
 * (KEP-5504); where something else stands, nothing is known, and the answer is false.
 */
export function versionAtLeast(version: string | undefined, than: string | undefined): boolean {
  if (!version || !than || !DECIMAL.test(version) || !DECIMAL.test(than)) return false;
  return version.length === than.length ? version >= than : version.length > than.length;
}
