/** The page that says what became of each source of the zoo, by the product and by `ffmpeg -re`. Pure. */
import type { Fault, FaultKind } from './judge.ts';
import { expectedFrames } from './judge.ts';
import type { Outcome } from './push.ts';
import { isRefused, type Recipe } from './recipe.ts';

export type Language = 'en' | 'zh';

export interface Row {
  recipe: Recipe;
  product: Outcome;
  ffmpeg: Outcome;
}

type Say = (detail: string) => string;

const plural = (count: string | number, word: string): string =>
  `${count} ${word}${`${count}` === '1' ? '' : 's'}`;

const FAULTS: Record<Language, Record<FaultKind, Say>> = {
  en: {
    failed: () => 'nothing comes out',
    stuck: (seconds) => `stands still, ended after ${seconds} s`,
    taken: (frames) => plural(frames, 'frame'),
    missing: (frames) => `${plural(frames, 'frame')} missing`,
    repeated: (frames) => `${plural(frames, 'frame')} twice`,
    disordered: (frames) => `${plural(frames, 'frame')} out of order`,
    unreadable: (frames) => plural(frames, 'damaged picture'),
    size: (size) => size,
    pixels: (format) => `\`${format}\``,
    aspect: (aspect) => `pixels of ${aspect}`,
    orientation: () => 'turned wrongly',
    colours: (levels) => `colours off by ${levels} of 255`,
    times: (seconds) => `up to ${seconds} s off`,
    error: (sentence) => sentence || 'no error',
    discontinuities: (counts) => counts,
  },
  zh: {
    failed: () => '没有输出',
    stuck: (seconds) => `停滞，${seconds} s 后被终止`,
    taken: (frames) => `${frames} 帧`,
    missing: (frames) => `缺 ${frames} 帧`,
    repeated: (frames) => `${frames} 帧重复`,
    disordered: (frames) => `${frames} 帧乱序`,
    unreadable: (frames) => `${frames} 帧损坏`,
    size: (size) => size,
    pixels: (format) => `\`${format}\``,
    aspect: (aspect) => `像素宽高比 ${aspect}`,
    orientation: () => '方向错误',
    colours: (levels) => `颜色偏差 ${levels}/255`,
    times: (seconds) => `时间偏差最大 ${seconds} s`,
    error: (sentence) => sentence || '没有报错',
    discontinuities: (counts) => counts,
  },
};

const WORDS = {
  en: {
    head: [
      '# Sources that were tried',
      '[简体中文](zh-CN/zoo.md)',
      "Made by `npm run test:long -- zoo`: each source lasts two seconds or less (slow ones a little longer), is pushed to a file by VideoPush and by `ffmpeg -re`, both with libx264, and is read again. Every frame shows its number, four coloured corners and patches of colour, so that frames, order, times, orientation, shape and colours can be judged. What is right says how many frames came out; else it says what is wrong; a pixel format such as `yuv444p` is one that browsers and phones don't show.",
    ],
    columns: '| source | VideoPush | `ffmpeg -re` |',
    frames: (count: number) => plural(count, 'frame'),
    refused: (says: string) => `refused: “${says}”`,
    listed: (items: string[]) => items.join(', '),
  },
  zh: {
    head: [
      '# 试过的源',
      '[English](../zoo.md)',
      '本页由 `npm run test:long -- zoo` 生成：每个源长不过两秒（帧率很低的略长），分别由 VideoPush 和 `ffmpeg -re` 推送到文件，两者都用 libx264 编码，再读回来检查。每一帧都带有编号、四个彩色角和若干色块，由此可以判断帧数、顺序、时间、方向、形状和颜色。结果正确时写出输出的帧数，否则写出哪里不对；`yuv444p` 一类的像素格式表示浏览器和手机无法显示。',
    ],
    columns: '| 源 | VideoPush | `ffmpeg -re` |',
    frames: (count: number) => `${count} 帧`,
    refused: (says: string) => `拒绝：“${says}”`,
    listed: (items: string[]) => items.join('，'),
  },
} as const;

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function result(recipe: Recipe, { faults }: Outcome, language: Language, refused: string): string {
  const words = WORDS[language];
  const { expected } = recipe;
  if (faults.length > 0) {
    return words.listed(faults.map(({ kind, detail }: Fault) => FAULTS[language][kind](detail)));
  }
  if (isRefused(expected)) return refused;
  return words.frames(expected.unnumbered ?? expectedFrames(recipe, expected).length);
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** @param describe  the recipe in the page's language */
export function page(
  themes: readonly { title: string; rows: readonly Row[] }[],
  language: Language,
  describe: (recipe: Recipe) => string,
): string {
  const words = WORDS[language];
  const tables = themes.map(({ title, rows }) => {
    const lines = rows.map(({ recipe, product, ffmpeg }) => {
      const { expected } = recipe;
      const refused = isRefused(expected) ? words.refused(expected.says) : '';
      const cells = [
        capital(describe(recipe)),
        result(recipe, product, language, refused),
        result(recipe, ffmpeg, language, FAULTS[language].failed('')),
      ];
      return `| ${cells.map(cell).join(' | ')} |`;
    });
    return [`## ${title}`, '', words.columns, '|---|---|---|', ...lines].join('\n');
  });
  return `${[...words.head, ...tables].join('\n\n')}\n`;
}
