import { createHash } from 'node:crypto';

const digest = (index: number): Buffer => createHash('sha512').update(`${index}`).digest();

/** The same unguessable bytes in every run. */
const bytes = (count: number): Buffer =>
  Buffer.concat(Array.from({ length: Math.ceil(count / 64) }, (_, index) => digest(index)));

const repeated = (text: string) => (length: number) =>
  text.repeat(Math.ceil(length / text.length)).slice(0, length);

/** Texts of many kinds, of a length in characters. */
export const textKinds: Readonly<Record<string, (length: number) => string>> = {
  English: repeated('The weather in Oslo is cold today, so you should wear a coat and a hat. '),
  German: repeated('Die Übertragungsgeschwindigkeit der Donaudampfschifffahrt überrascht viele. '),
  Russian: repeated('Погода в Осло сегодня холодная, идёт снег, и вам следует одеться потеплее. '),
  Arabic: repeated('الطقس في القاهرة اليوم مشمس وحار جدا ومن الأفضل شرب الماء. '),
  Hindi: repeated('आज दिल्ली में मौसम बहुत गर्म है और आपको पानी पीना चाहिए। '),
  Thai: repeated('วันนี้อากาศในกรุงเทพร้อนมากและมีฝนตกหนักในตอนเย็น '),
  Chinese: repeated('今天奥斯陆的天气非常寒冷，正在下雪，请多穿衣服。'),
  Japanese: repeated('今日のオスロの天気はとても寒く、雪が降っています。暖かい服を着てください。'),
  Korean: repeated('오늘 오슬로의 날씨는 매우 춥고 눈이 내리고 있으니 따뜻하게 입으세요. '),
  Amharic: repeated('ዛሬ በአዲስ አበባ ያለው የአየር ሁኔታ በጣም ቀዝቃዛ ነው '),
  emoji: repeated('😀🎉👍🏽🚀❤️🔥'),
  base64: (length) => bytes(length).toString('base64').slice(0, length),
  hexadecimal: (length) => bytes(length).toString('hex').slice(0, length),
  digits: (length) => repeated('3141592653589793238462643383279502884197')(length),
  code: repeated(
    'if (a[i] !== b[j]) {\n  return fetch(`${url}/v1?q=${x}`).then((r) => r.json());\n}\n',
  ),
  JSON: repeated('{"id":"a1","values":[1,2.5,null,true],"text":"x \\"y\\" z"},'),
  quotes: repeated('"\\'),
  'control characters': repeated('\u0001\u001b\u0007'),
  punctuation: repeated('!@#$%^&*()-_=+[]{};:,.<>/?|~'),
  spaces: repeated(' '),
  'one letter': repeated('x'),
  'line ends': repeated('a\n'),
};
