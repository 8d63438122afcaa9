// What happens to a text before it is cut into word pieces (Devlin et al. 2019), as the tokenizers library in Rust does
// it: its character classes are fixed, so that ids don't depend on the Unicode version of the running Node.
import { accents, chinese, dropped, punctuation, spaces } from './character-classes.js';

const anyOf = (characters: string) => new RegExp(`[${characters}]`, 'gu');
const droppedCharacter = anyOf(`${dropped}\\u{d800}-\\u{dfff}`); // and halves of characters
const space = anyOf(spaces);
const chineseCharacter = anyOf(chinese);
const accent = anyOf(accents);
const punctuationMark = anyOf(punctuation);

/** The text with a space between words; Chinese characters and punctuation marks are words of their own. */
export function normalise(text: string, lowercase: boolean): string {
  const clean = text.replace(droppedCharacter, '').replace(space, ' ');
  const apart = clean.replace(chineseCharacter, ' $& ');
  return (lowercase ? plain(apart) : apart).replace(punctuationMark, ' $& ');
}

/** Without accents and capitals. JavaScript gives a sigma at a word's end another form. */
function plain(text: string): string {
  return text.normalize('NFD').replace(accent, '').replaceAll('\u03a3', '\u03c3').toLowerCase();
}
