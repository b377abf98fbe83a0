/**
 * The licences of what an image carries beside our own code and Debian's packages:
 * collected, never written by hand.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot } from '../paths.mjs';
import { SetupError } from '../setup/command.mjs';

const LICENCE_FILE = /^(licen[cs]e|copying|notice)([-.].*)?$/i;
const RULE = '-'.repeat(80);

/**
 * @typedef {object} Notice
 * @property {string} name
 * @property {string} version
 * @property {string} licence  SPDX expression as the package states it
 * @property {string[]} texts  its licence files
 */

/**
 * @param {string} folder  of an npm package, relative to the root
 * @returns {Notice}
 * @throws {SetupError} when the package says nothing about its licence
 */
function noticeOf(folder) {
  const root = join(repoRoot, folder);
  const { name, version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  if (typeof license !== 'string') {
    throw new SetupError(`${name} ${version} does not state its licence`, {
      cause: `${folder}/package.json has no field "license"`,
      todo: 'do not ship it before its licence is known',
    });
  }
  const files = readdirSync(root).filter((file) => LICENCE_FILE.test(file));
  const texts = files.sort().map((file) => readFileSync(join(root, file), 'utf8').trim());
  return { name, version, licence: license, texts };
}

/**
 * @param {readonly string[]} folders  of npm packages, relative to the root
 * @returns {string} one text: name, version, licence and licence text of each package
 * @throws {SetupError}
 */
export function notices(folders) {
  const parts = folders.map((folder) => {
    const { name, version, licence, texts } = noticeOf(folder);
    const text = texts.length > 0 ? texts.join('\n\n') : 'The package carries no text of its licence.';
    return `${RULE}\n${name} ${version}\nLicence: ${licence}\n\n${text}\n`;
  });
  const head = 'Packages of other authors whose code is part of the programs in this folder.\n';
  return [head, ...parts].join('\n');
}
