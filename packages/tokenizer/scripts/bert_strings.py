"""10,000 varied strings and the ids that transformers' BertTokenizer gives them.

    python bert_strings.py ../tests/fixtures/bert-strings.json.gz           writes the file
    python bert_strings.py ../tests/fixtures/bert-strings.json.gz --check   compares it with the transformers installed

The strings are drawn from a seed; --seed makes others. Needs transformers 5, whose BertTokenizer is the one in Rust; that
in Python of transformers 4 knows the characters of the Unicode version of the running Python, and differs in those that
are newer than about Unicode 8 or unassigned. The vocabulary is a small one with all kinds of tokens.
"""

import argparse
import gzip
import json
import random
import tempfile
import unicodedata
from pathlib import Path

import transformers
from transformers import BertTokenizer

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~，。！？、；：“”‘’（）《》【】…—·～￥「」"
WORDS = "video short iphone vlog ing ed cafe naive live up th er news 2022 100 the and of to in is http www com".split()
COMMON = "的一是在不了有和人这中大为上个国我以要他短视频旗按键笑脸直播搞美食旅游教程"
OTHERS = list("ßøœαβγσςдежзぁあのアイウ한국ﬁ①") + ["😀", "🎉", "👍", "❤", "𠀀", "𪚥", "€", "™", "→", "½", "②", "ⅷ", "〇"]
EMOJI = (
    "😀 🎉 👍 👍🏽 👨‍👩‍👧 👩🏿‍🚀 🇨🇳 🇺🇳 1️⃣ #️⃣ ❤️ ❤ ☺️ 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🫠 🧑‍🤝‍🧑 🐈‍⬛ ♀️ ©️ 🀄 🈚️ ㊗️".split()
)
CONTROLS = [chr(c) for c in (*range(32), *range(0x7F, 0xA0))] + list("\u00ad\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202e\u2060\u2066\ufeff\ufffd\ufe0f")
SPACES = list(" \t\n\r\u00a0\u1680\u2000\u2003\u2009\u202f\u205f\u3000")
ACCENTED = ["é", "Ü", "ñ", "ç", "Å", "ẞ", "ß", "İ", "ı", "Σ", "ς", "ǅ", "Ǆ", "e\u0301", "n\u0303", "o\u0308\u0301", "ằ", "Ё", "Й"]
SCRIPTS = ["हिन्दी", "ภาษาไทย", "العربية", "עִבְרִית", "한국어", "ひらがな", "カタカナ", "ｱｲｳ", "Ελλάς", "Русский", "ქართული", "Ａｂｃ１２３", "㍿㌀"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[mask]", "[unused1]", "[ MASK ]", "##ing", "##"]
EDGES = (
    ["", " ", "\n\t ", "\x00", "a\x00b", "\ufffd", "[MASK]x[SEP]", "[PAD][PAD]", "a" * 99, "a" * 100, "a" * 101, "短" * 150]
    + ["x" * n + "短" for n in (99, 100, 101)]
    + ["constructor", "__proto__ toString", "don't", "C++", "a.b,c", "...", "——", "100%", "@user #tag", "￥100", "$^`|~+<=>"]
    + ["\u0301", "豈", "\uf900x", "\U0002f800", "x\U0002f804y", "ﷺ", "ǰ", "ŉ", "ΣΑΣ ΟΔΟΣ", "İstanbul ıI", "STRASSE Straße"]
    + [f"a{c}b" for c in CONTROLS + SPACES]
)


def vocabulary(rng):
    tokens = ["[PAD]", "[unused1]", "[unused2]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    chinese = list(COMMON) + [chr(c) for c in rng.sample(range(0x4E00, 0x9FA6), 1500)]
    pieces = list(LETTERS) + OTHERS + WORDS
    tokens += pieces + ["##" + p for p in pieces] + list(PUNCTUATION) + chinese + ["##" + c for c in chinese[:30]]
    return list(dict.fromkeys(tokens))


def strings(rng, vocab, count):
    chinese = [token for token in vocab if len(token) == 1 and "\u4e00" <= token <= "\u9fff"]
    categories = {}
    for code in range(0x110000):
        categories.setdefault(unicodedata.category(chr(code)), []).append(chr(code))
    known = [c for name, members in categories.items() if name not in ("Cn", "Cs", "Co") for c in members]
    kinds = {
        "chinese": lambda: rng.choice(COMMON) if rng.random() < 0.5 else rng.choice(chinese),
        "any chinese": lambda: chr(rng.randint(0x4E00, 0x9FFF)),
        "word": lambda: rng.choice(WORDS),
        "capitals": lambda: rng.choice(WORDS).upper(),
        "letter": lambda: rng.choice(LETTERS + LETTERS.upper()),
        "number": lambda: str(rng.randint(0, 10**rng.randint(1, 9))),
        "punctuation": lambda: rng.choice(PUNCTUATION),
        "space": lambda: rng.choice(SPACES),
        "blank": lambda: " ",
        "accented": lambda: rng.choice(ACCENTED),
        "emoji": lambda: rng.choice(EMOJI),
        "control": lambda: rng.choice(CONTROLS),
        "script": lambda: rng.choice(SCRIPTS),
        "other": lambda: rng.choice(OTHERS),
        "known": lambda: rng.choice(known),
        "unassigned": lambda: rng.choice(categories["Cn"]),
        "symbol": lambda: chr(rng.randint(0x1F000, 0x1FBFF)),
        "private": lambda: rng.choice(categories["Co"]),
        "special": lambda: rng.choice(SPECIAL),
    }
    mixtures = [
        (3, ["chinese"] * 12 + ["any chinese", "punctuation", "number", "word", "blank"]),
        (2, ["word"] * 4 + ["blank"] * 5 + ["capitals", "letter", "accented", "punctuation", "number"]),
        (2, ["chinese", "word", "emoji", "punctuation", "blank", "script"]),
        (1, ["emoji", "emoji", "symbol", "chinese", "control"]),
        (1, ["control", "space", "letter", "chinese"]),
        (1, ["accented", "letter", "script", "blank"]),
        (2, list(kinds)),
        (1, ["known", "known", "known", "letter", "chinese"]),
        (0.5, ["unassigned", "letter", "chinese", "symbol", "blank"]),
        (1, ["special", "blank", "word", "chinese"]),
    ]

    def draw(length):
        mixture = rng.choices([m for _, m in mixtures], [w for w, _ in mixtures])[0]
        return "".join(kinds[rng.choice(mixture)]() for _ in range(length))

    made = list(EDGES)
    made += [(draw(50) * 2000)[:100_000] for _ in range(6)]  # very long
    made += ["a" * 100_000, "短视频" * 33_333, " " * 100_000, "a " * 50_000]
    made += [draw(rng.randint(200, 600)) for _ in range(100)]
    made += [name for name in categories["Co"][:20]]
    while len(made) < count:
        made.append(draw(min(60, 1 + int(rng.expovariate(0.08)))))
    return made[:count]


def tokenizer_of(vocab):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "vocab.txt"
        file.write_text("\n".join(vocab) + "\n", encoding="utf8")
        return BertTokenizer.from_pretrained(folder)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--seed", type=int, default=802)
    parser.add_argument("--count", type=int, default=10_000)
    arguments = parser.parse_args()
    transformers.logging.set_verbosity_error()
    print(f"transformers {transformers.__version__}, Unicode {unicodedata.unidata_version}")
    if arguments.check:
        data = json.loads(gzip.decompress(arguments.file.read_bytes()))
        tokenizer = tokenizer_of(data["vocabulary"])
        differing = 0
        for text, ids in data["cases"]:
            found = tokenizer.encode(text, add_special_tokens=False)
            if found != ids:
                differing += 1
                if differing <= 40:
                    print(ascii(text[:60]), "file", tokenizer.convert_ids_to_tokens(ids)[:12], "found", tokenizer.convert_ids_to_tokens(found)[:12])
        print(f"{differing} of {len(data['cases'])} differ")
        return
    rng = random.Random(arguments.seed)
    vocab = vocabulary(rng)
    tokenizer = tokenizer_of(vocab)
    cases = [[text, tokenizer.encode(text, add_special_tokens=False)] for text in strings(rng, vocab, arguments.count)]
    text = json.dumps({"vocabulary": vocab, "cases": cases}, separators=(",", ":"))
    arguments.file.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{len(cases)} strings, {arguments.file.stat().st_size} bytes")


if __name__ == "__main__":
    main()
