"""The same ids as bench/ids.ts."""

LEXICON_WORDS = 200
SHORTEST_WORD = 2
WORD_LENGTHS = 7


class IdStream:
    def __init__(self, vocab, seed):
        self.state = seed & 0xFFFFFFFF
        self.lexicon = []
        for _ in range(LEXICON_WORDS):
            length = SHORTEST_WORD + self.below(WORD_LENGTHS)
            self.lexicon.append([1 + min(self.below(vocab - 1), self.below(vocab - 1)) for _ in range(length)])
        self.pending = []

    def below(self, bound):
        self.state = (self.state * 1664525 + 1013904223) & 0xFFFFFFFF
        return (self.state >> 16) % bound

    def next(self):
        if not self.pending:
            word = min(self.below(LEXICON_WORDS) for _ in range(3))
            self.pending = [0, *self.lexicon[word]][::-1]
        return self.pending.pop()

    def next_batch(self, batch, time):
        rows = []
        for _ in range(batch):
            rows.append([self.next() for _ in range(time + 1)])
        return [row[:-1] for row in rows], [row[1:] for row in rows]
