/** Chinese words of generated pages, by the English text that they stand for. */

/** @typedef {{ en: string, zh: string }[]} Translations */

/**
 * @param {Translations} translations
 * @param {ReadonlySet<string>} texts  the English texts of the page
 * @param {string} file  of the translations, for messages
 * @returns {string[]} one line for each text without a translation, and for each
 *   translation that no text needs
 */
export function translationProblems(translations, texts, file) {
  const known = new Set(translations.map(({ en }) => en));
  return [
    ...[...texts].filter((text) => !known.has(text)).map((text) => `has no translation of "${text}"`),
    ...[...known]
      .filter((text) => !texts.has(text))
      .map((text) => `translates "${text}", which nothing says`),
  ].map((problem) => `${file} ${problem}`);
}
