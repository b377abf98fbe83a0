/**
 * One idea has one word on the pages of the manual, in comments, in messages and in the titles of tests: the
 * words that it must not have, each with the one to use.
 */
import { isChinese, isPage } from './documents.mjs';
import { faultyLines } from './text.mjs';

/** @typedef {{ word: RegExp, instead: string }} Term */

/** @type {Term[]} */
const ENGLISH = [
  { word: /\banew\b/i, instead: 'again, or recreate' },
  { word: /\baudiences?\b/i, instead: 'viewers' },
  { word: /\bbooks\b/i, instead: 'ledger or counters' },
  { word: /\bfates?\b/i, instead: 'outcome' },
  { word: /\bmend(s|ed|ing)?\b/i, instead: 'fix' },
  { word: /\bpassengers?\b/i, instead: 'side data' },
  { word: /\bput(s|ting)? out\b/i, instead: 'disconnect' },
  { word: /\b(is|are|was|were) not there\b/i, instead: 'does not exist, or not found' },
  { word: /\bstand(s|ing)? in a file\b/i, instead: 'is read from a file' },
  { word: /\b(a|the|each|every|last|next|between|two) looks?\b(?![-(])/i, instead: 'poll or check' },
  { word: /(?<![/'".])\bnowhere\b(?![/'"]|\.\w)/i, instead: 'not found' },
  { word: /\bgenerated picture\b/i, instead: 'test pattern' },
  { word: /(?<!custom )\bresource definitions?\b/i, instead: 'CRD' },
  { word: /\btime stamps?\b/i, instead: 'timestamp' },
  { word: /\bwall clock\b/i, instead: 'system clock' },
];

/** @type {Term[]} */
const CHINESE = [
  { word: /定时发送|(?<!发送)节拍器/, instead: '发送节拍、发送节拍器' },
  { word: /领先量/, instead: '超前量' },
  { word: /账目/, instead: '帧账' },
  { word: /环形队列|解码器的环(?!形)/, instead: '环形缓冲区' },
  { word: /(?<!流)媒体服务器/, instead: '流媒体服务器' },
  { word: /测试画面|测试图(?!案)|生成的画面/, instead: '测试图案' },
  { word: /摄像机/, instead: '摄像头' },
  { word: /编解码器/, instead: '编码格式' },
  { word: /分离式|Split 流|topology 为 Split/, instead: 'Split 拓扑的流' },
  { word: /墙上时钟/, instead: '系统时钟' },
  { word: /API server/, instead: 'API 服务器' },
  { word: /(?<![\w./-])pods?(?![\w./-])/, instead: 'Pod' },
  { word: /(?<!自定义)资源定义/, instead: 'CRD' },
];

/** @param {string} text @returns {string} the same length and lines, with blanks for all but line ends */
const blank = (text) => text.replace(/[^\n]/g, ' ');

/** @param {string} text @returns {string} a page without code, line numbers kept */
const prose = (text) => text.replace(/^```.*?^```/gms, blank).replace(/`[^`\n]*`/g, blank);

/** Source code in which comments and strings are looked for. */
const CODE = /\.(ts|mjs|cc|h)$/;
const TEST = /\.test\.ts$|^native\/test\//;
/** Files of which everything but code in backticks is read. */
const WHOLE = /(^|\/)Dockerfile[^/]*$|^(charts|crds)\/.*\.(yaml|tpl|txt)$/;
/** This rule's own files, which must name what they look for. */
const EXEMPT = /^scripts\/lint\/terms\.(mjs|test\.ts)$/;

/**
 * A comment or a string. The apostrophe of a C++ number such as 60'000 follows a digit and begins no string.
 */
const PARTS = new RegExp(
  [
    /(?<comment>\/\/[^\n]*|\/\*[\s\S]*?\*\/)/,
    /(?<!\w)'(?:\\.|[^'\\\n])*'/,
    /"(?:\\.|[^"\\\n])*"/,
    /`(?:\\[\s\S]|[^`\\])*`/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
);

/**
 * @param {string} file
 * @param {string} text
 * @returns {string} the comments and the strings, line numbers kept. A string of one word is a name, and is
 *   read in tests only, where it may be a title.
 */
function words(file, text) {
  let out = '';
  let end = 0;
  for (const { 0: part, index, groups } of text.matchAll(PARTS)) {
    const read = TEST.test(file) || /\S\s+\S/.test(part);
    const kept = groups?.comment ? prose(part) : read ? part : blank(part);
    out += blank(text.slice(end, index)) + kept;
    end = index + part.length;
  }
  return out;
}

/**
 * @param {string} file
 * @param {string} text
 * @param {readonly Term[]} terms
 * @returns {string[]}
 */
const places = (file, text, terms) =>
  faultyLines(file, text, (line) =>
    terms.flatMap(({ word, instead }) => {
      const [found] = word.exec(line) ?? [];
      return found === undefined ? [] : [`“${found}”; say ${instead}`];
    }),
  );

/**
 * @param {readonly string[]} files  relative to the root
 * @param {(file: string) => string} text
 * @returns {string[]} one line for each word of a page, a comment, a message or a test that has another one
 *   in its place
 */
export function wrongTerms(files, text) {
  return files.flatMap((file) => {
    if (EXEMPT.test(file)) return [];
    if (isPage(file) && isChinese(file)) return places(file, prose(text(file)), CHINESE);
    if (isPage(file) || WHOLE.test(file)) return places(file, prose(text(file)), ENGLISH);
    return CODE.test(file) ? places(file, words(file, text(file)), ENGLISH) : [];
  });
}
