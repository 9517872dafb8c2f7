"""The same lengths as bench/pair-lengths.ts."""

CENTRES = [8, 15, 10, 12, 7, 13, 11, 20]


class LengthStream:
    def __init__(self, seed):
        self.state = seed & 0xFFFFFFFF
        self.batches = 0

    def below(self, bound):
        self.state = (self.state * 1664525 + 1013904223) & 0xFFFFFFFF
        return (self.state >> 16) % bound

    def next(self, batch, most):
        centre = CENTRES[self.batches % len(CENTRES)]
        self.batches += 1
        sources, targets = [], []
        for _ in range(batch):
            sources.append(min(most, centre + self.below(2)))
            other = sources[-1] + self.below(5) + self.below(5) - 4
            targets.append(max(1, min(most, other)))
        return sources, targets
