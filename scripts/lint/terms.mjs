/** One idea has one word on the pages of the manual: words that were used beside it, and the one that stays. */
import { isChinese, isPage } from './documents.mjs';

/** @typedef {{ word: RegExp, instead: string }} Term */

/** @type {Term[]} */
const ENGLISH = [
  { word: /\banew\b/, instead: 'again, or recreate' },
  { word: /\baudience\b/i, instead: 'viewers' },
  { word: /\bbooks\b/, instead: 'ledger or counters' },
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

/** @param {string} text @returns {string} without code, line numbers kept */
const prose = (text) =>
  text.replace(/^```.*?^```/gms, (block) => block.replace(/[^\n]/g, '')).replace(/`[^`\n]*`/g, '');

/**
 * @param {readonly string[]} files  relative to the root
 * @param {(file: string) => string} text
 * @returns {string[]} one line for each word of a page that has another one in its place
 */
export function wrongTerms(files, text) {
  return files.filter(isPage).flatMap((file) => {
    const terms = isChinese(file) ? CHINESE : ENGLISH;
    return prose(text(file))
      .split('\n')
      .flatMap((line, index) =>
        terms.flatMap(({ word, instead }) => {
          const [found] = word.exec(line) ?? [];
          return found === undefined ? [] : [`${file}:${index + 1}: “${found}”; the manual says ${instead}`];
        }),
      );
  });
}
