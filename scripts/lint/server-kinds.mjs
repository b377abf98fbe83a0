/**
 * What is peculiar to one kind of media server stands in the folder of that kind, so that a second one is a
 * second folder: resources and operator name a kind in no other place, neither in imports nor in words.
 */
import { faultyLines } from './text.mjs';

/** How files speak of MediaMTX: its name, the path that stands for all others, and the port of its API. */
const WORDS = /mediamtx|\ball_others\b|\b9997\b/i;

const COVERED = /^(resources|operator)\/src\/.*\.ts$/;
const OWN_FOLDER = /\/mediaserver\/kinds\/mediamtx\//;
const TESTS = /\.(test|test-[^/]*)\.ts$|\/testing\//;
const GENERATED = /\.generated\.ts$/;

/** Each with what it says of every kind. */
const ALLOWED = [
  'resources/src/builders/mediaserver/kinds/index.ts', // the builders' record by type
  'operator/src/controllers/mediaserver/kinds/index.ts', // the controller's record by type
  'resources/src/builders/defaults.ts', // an installation's images
  'operator/src/config.ts', // where the chart sets these
  'resources/src/builders/protocols.ts', // default ports
];

/**
 * @param {readonly string[]} files  relative to the root
 * @param {(file: string) => string} text
 * @returns {string[]} one line for each line that knows a kind of server outside of its folder
 */
export function strayServerKinds(files, text) {
  return files
    .filter((file) => COVERED.test(file) && !ALLOWED.includes(file))
    .filter((file) => ![OWN_FOLDER, TESTS, GENERATED].some((pattern) => pattern.test(file)))
    .flatMap((file) =>
      faultyLines(file, text(file), (line) =>
        WORDS.test(line) ? [`belongs into kinds/mediamtx: ${line.trim()}`] : [],
      ),
    );
}
