"""Make test/goldens/translation-metrics.json: BLEU and chrF of sacreBLEU, the package itself.

    python3 test/goldens/make_translation_metrics_goldens.py DATA        (needs sacrebleu; writes beside this file)

DATA is the folder of the data sets, which has multi30k/test_2016_flickr.en.gz: its first 200 lines are references, and
hypotheses are made of them by `spoil`, which the test has too, so that no sentence of the set is kept here. `own` are
sentences written for this file and strings of a generator, with their tokens; they need no data.
"""
import gzip
import itertools
import json
import pathlib
import random
import sys

import sacrebleu
from sacrebleu.metrics import BLEU, CHRF
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a


def spoil(line, row):
    """Leaves out, doubles, replaces, moves to the front or puts in capitals one word in 11 each."""
    words = []
    for place, word in enumerate(line.split(" ")):
        kind = (7 * row + 3 * place) % 11
        if kind == 1:
            words += [word, word]
        elif kind == 2:
            words.append("something")
        elif kind == 3:
            words.insert(0, word)
        elif kind == 4:
            words.append(word.upper())
        elif kind != 0:
            words.append(word)
    return " ".join(words)


def streams(references):
    """sacreBLEU's form: one list per reference, with None where a sentence has fewer."""
    most = max(map(len, references))
    return [[one[at] if at < len(one) else None for one in references] for at in range(most)]


def scores(hypotheses, references):
    found = []
    for tokenize, lowercase, smoothing in itertools.product(["13a", "none"], [False, True], ["exp", "none"]):
        metric = BLEU(tokenize=tokenize, lowercase=lowercase, smooth_method=smoothing)
        score = metric.corpus_score(hypotheses, streams(references))
        shorter = [
            BLEU(tokenize=tokenize, lowercase=lowercase, smooth_method=smoothing, max_ngram_order=order)
            .corpus_score(hypotheses, streams(references)).score
            for order in [1, 2, 3, 4]
        ]
        found.append({
            "metric": "bleu",
            "options": {"tokenize": tokenize, "lowercase": lowercase, "smoothing": smoothing},
            "score": {
                "bleu": score.score, "cumulative": shorter, "precisions": score.precisions,
                "matches": score.counts, "totals": score.totals, "brevityPenalty": score.bp,
                "hypothesisLength": score.sys_len, "referenceLength": score.ref_len,
                "signature": str(metric.get_signature()),
            },
        })
    for order, beta, lowercase, eps in [(0, 2, False, False), (2, 2, False, False), (0, 2, True, False), (2, 2, True, True),
                                        (0, 2, False, True), (1, 3, False, False), (0, 1, False, True)]:
        metric = CHRF(word_order=order, beta=beta, lowercase=lowercase, eps_smoothing=eps)
        score = metric.corpus_score(hypotheses, streams(references))
        found.append({
            "metric": "chrf",
            "options": {"wordOrder": order, "beta": beta, "lowercase": lowercase, "epsSmoothing": eps},
            "score": {"chrf": score.score, "name": score.name, "signature": str(metric.get_signature())},
        })
    return found


OWN = [
    ("The train costs $4.50, not 3,75!", ["The train is $4.50 and not 3,75.", "A train costs 4.50$."]),
    ("It's a well-known 1990-95 plan - isn't it?", ["It's the well-known plan of 1990-95, isn't it?"]),
    ("He said &quot;A &amp; B &lt;C&gt; &amp;quot;", ['He said "A & B <C>" &quot;']),
    ("a hyphen-\nated word\nand a line <skipped>end", ["a hyphenated word and a line end  "]),
    ("Straße über Ärger – “so” … ΟΔΟΣ", ["strasse ÜBER ärger – „so“ ... οδος", "Straße über ärger"]),
    ("İstanbul 🙂🙂 is nice🙂.", ["istanbul 🙂 is nice 🙂 .", "İstanbul 🙂🙂 is nice🙂"]),
    ("no\u00a0break and\u3000wide\x1cand\x85odd\ufeffspaces\u200b", ["no break and wide and odd spaces"]),
    ("e.g. 3.14.15, .5 and 5. or a.b,c", ["e.g. 3.14 .15, .5 and 5 . or a.b, c"]),
    ("(hi) 'quoted' \"(both)\" - -- ...", ["(hi) 'quoted' \"(both)\" - -- ..."]),
    ("", ["an empty hypothesis"]),
    ("too short", ["too short", "too"]),
    ("nothing alike", ["", "xyz"]),
    ("6-7 x-9 9-x -1 {a}[b]`c`~d^e_f|g\\h@i#j%k*l+m=n;o:p/q", ["6 -7 x-9 9 - x -1"]),
]

SINGLE = [
    {"tokenize": "13a", "lowercase": False, "smoothing": "exp"},
    {"wordOrder": 2, "beta": 2, "lowercase": False, "epsSmoothing": False},
]

generator = random.Random(1)
ALPHABET = "ab1 2.,-'\"&;:<>()!?$%\n\t\u00a0é🙂"
texts = ["".join(generator.choices(ALPHABET, k=24)) for _ in range(80)]
OWN += [(one, [other]) for one, other in zip(texts[::2], texts[1::2])]

tokenize = Tokenizer13a()
own = {
    "hypotheses": [hypothesis for hypothesis, _ in OWN],
    "references": [references for _, references in OWN],
    # As the metric calls it.
    "tokens": [tokenize(hypothesis.rstrip()).split() for hypothesis, _ in OWN],
    "scores": scores([hypothesis for hypothesis, _ in OWN], [references for _, references in OWN]),
    # Each sentence alone.
    "single": [[one for one in scores([hypothesis], [references]) if one["options"] in SINGLE]
               for hypothesis, references in OWN[:12]],
}
# One or several references of each sentence are each a signature of its own.
single = [entry for entry in OWN if len(entry[1]) == 1]
own["one"] = scores([hypothesis for hypothesis, _ in single], [references for _, references in single])

with gzip.open(pathlib.Path(sys.argv[1]) / "multi30k/test_2016_flickr.en.gz", "rt", encoding="utf-8") as file:
    lines = [line.rstrip("\n") for line in itertools.islice(file, 200)]
spoiled = [spoil(line, row) for row, line in enumerate(lines)]
multi30k = [
    {"references": 1, "scores": scores(spoiled, [[line] for line in lines])},
    {"references": 2, "scores": scores(spoiled, [[line, spoil(line, row + 5)] for row, line in enumerate(lines)])},
]

path = pathlib.Path(__file__).parent / "translation-metrics.json"
golden = {"version": sacrebleu.__version__, "own": own, "multi30k": multi30k}
path.write_text(json.dumps(golden, ensure_ascii=True) + "\n")
