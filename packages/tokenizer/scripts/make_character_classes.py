"""Writes src/character-classes.ts: which characters `tokenizers`' BertNormalizer and BertPreTokenizer treat how.

    python make_character_classes.py ../src/character-classes.ts

Their tables are those of an old Unicode version and don't grow, so they are copied rather than asked of the running Node,
whose tables do. Needs `tokenizers`, the library in Rust under transformers' BertTokenizer.
"""

import sys
from pathlib import Path

import tokenizers
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

NOTHING = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
clean = BertNormalizer(**{**NOTHING, "clean_text": True})
chinese = BertNormalizer(**{**NOTHING, "handle_chinese_chars": True})
strip = BertNormalizer(**{**NOTHING, "strip_accents": True})
words = BertPreTokenizer()


def pieces(character):
    return len(words.pre_tokenize_str(f"a{character}b"))


CLASSES = {
    "dropped": ("Control, format and private characters, which are left out.", lambda c: clean.normalize_str(c) == ""),
    "accents": ("What is left of accents once they stand apart.", lambda c: strip.normalize_str(f"a{c}") == "a"),
    "chinese": ("Each a word of its own.", lambda c: chinese.normalize_str(c) == f" {c} "),
    "punctuation": ("Each a word of its own.", lambda c: pieces(c) == 3),
    "spaces": ("What words end at.", lambda c: clean.normalize_str(c) == " " or (pieces(c) == 2 and clean.normalize_str(c) != "")),
}


def ranges(members):
    found = []
    for code in members:
        if found and found[-1][1] == code - 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return found


def escape(code):
    return f"\\u{{{code:x}}}"


def main():
    codes = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    text = "// Made by scripts/make_character_classes.py; not to be edited.\n"
    for name, (comment, belongs) in CLASSES.items():
        parts = [escape(a) if a == b else f"{escape(a)}-{escape(b)}" for a, b in ranges(c for c in codes if belongs(chr(c)))]
        text += f"\n/** {comment} */\nexport const {name} =\n  '" + "".join(parts).replace("\\", "\\\\") + "';\n"
        print(name, len(parts))
    Path(sys.argv[1]).write_text(text)
    print(f"tokenizers {tokenizers.__version__}, {len(text)} bytes")


if __name__ == "__main__":
    main()
