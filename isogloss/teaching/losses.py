"""Losses of several lessons at once.

What the questions of a lesson begin with alike is read once, and learned tokens alone reach the output layer.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence
from transformers import PreTrainedModel

from isogloss.asking.reading import Tree, common, masks, readable
from isogloss.config import Teaching
from isogloss.models.memory import Shape, at_most
from isogloss.models.output import only_at

IGNORED = -100  # label of a token that is not learned
# A batch is read as trees where they have at most this share of the tokens of its padded rows, which need no written mask.
WORTH = 0.6
# A further pass through a model costs, beside its tokens, about as much time as so many operations: little in a large model.
PASS = 3e9

Pair = tuple[list[int], list[int]]  # tokens and labels of a question with its answer


@dataclass(frozen=True)
class Learned:
    """The learned tokens of a batch: the row and the place after which each is said, what it is, and the lesson it belongs to."""

    row: list[int]
    place: list[int]
    token: list[int]
    lesson: list[int]


def summed_losses(model: PreTrainedModel, parts: list[list[Pair]], pad: int) -> torch.Tensor:
    """Sum of the loss over the learned tokens of each lesson's part of a batch: [lessons]. Natural logarithms.

    `model` has as many adapters stacked as there are parts. The pairs of a part often begin alike, with an instruction. Where
    that saves much, a part is one row, a tree in which every token sees its ancestors alone; else each pair is a row, filled up
    on the right, where a causal model never looks.
    """
    trees = [planted_pairs(part) for part in parts] if readable(model) else []
    padded = len(parts) * max(map(len, parts)) * max(len(tokens) for part in parts for tokens, _ in part)
    if trees and len(trees) * max(len(tree.tokens) for tree in trees) <= WORTH * padded:
        inputs, learned = _as_trees(model, trees, parts, pad)
    else:
        inputs, learned = _as_rows(model, parts, pad)
    with only_at(model, learned.row, learned.place):
        logits = model(**inputs, use_cache=False).logits[0]
    precise = logits.to(torch.promote_types(logits.dtype, torch.float32))
    each = functional.cross_entropy(precise, torch.tensor(learned.token, device=precise.device), reduction="none")
    return each.new_zeros(len(parts)).index_add(0, torch.tensor(learned.lesson, device=each.device), each)


def passes(model: PreTrainedModel, parts: list[list[Pair]], teaching: Teaching) -> list[list[tuple[int, list[Pair]]]]:
    """What goes through the model together, pass by pass: numbers of parts of a batch, and pairs of each.

    Rows are filled up to the longest one of a pass, and languages differ in the number of their tokens. So parts of about the
    same size go together, in the number of passes that costs least, counted in tokens. Pairs go `at_once`, or in halves where
    they are so long that they would take too much memory; no pass but that of a single pair takes more.
    """
    shape, trees = Shape.of(model.config.to_dict()), readable(model)
    each = shape.kept(teaching, model.dtype.itemsize)
    most = at_most(shape, teaching, model.dtype.itemsize, accelerated=model.device.type != "cpu")

    def taken(extent: Extent, count: int) -> int:
        return extent.tokens(count, trees) * each + extent.learned * shape.learned()

    def halved(pairs: list[Pair]) -> list[list[Pair]]:
        if len(pairs) == 1 or taken(Extent.of(pairs), 1) <= most:
            return [pairs]
        half = len(pairs) // 2
        return [*halved(pairs[:half]), *halved(pairs[half:])]

    size = teaching.at_once or teaching.batch
    units = [[unit for first in range(0, len(own), size) for unit in halved(own[first : first + size])] for own in parts]
    weights = sum(p.numel() for p in model.parameters()) - sum(p.numel() for p in model.get_input_embeddings().parameters())
    overhead, found = PASS / (2 * max(1, weights)), []
    for turn in range(max(map(len, units))):
        present = {number: own[turn] for number, own in enumerate(units) if turn < len(own)}
        for group in _cheapest({number: Extent.of(unit) for number, unit in present.items()}, overhead, taken, most):
            found.append([(number, present[number]) for number in group])
    return found


@dataclass(frozen=True)
class Extent:
    """How large a part of a batch is, or several with the largest of each: tokens of its tree, pairs and tokens of the longest;
    and how many tokens are learned in all."""

    tree: int
    pairs: int
    longest: int
    learned: int

    @classmethod
    def of(cls, part: list[Pair]) -> "Extent":
        """That of a part."""
        learned = sum(label != IGNORED for _, labels in part for label in labels)
        return cls(len(planted_pairs(part).tokens), len(part), max(len(tokens) for tokens, _ in part), learned)

    def with_(self, other: "Extent") -> "Extent":
        """That of both."""
        largest = (max(getattr(self, name), getattr(other, name)) for name in ("tree", "pairs", "longest"))
        return Extent(*largest, self.learned + other.learned)

    def tokens(self, count: int, trees: bool) -> int:
        """Tokens of so many parts, padding among them, that a model reads as trees, if it can and that saves enough."""
        rows = count * self.pairs * self.longest
        return count * self.tree if trees and count * self.tree <= WORTH * rows else rows


def _cheapest(extents: dict[int, Extent], overhead: float, taken: Callable[[Extent, int], int], most: float) -> list[list[int]]:
    """Parts in groups, by number, that cost least tokens, with an `overhead` for each group; each takes at most so many bytes."""
    order = sorted(extents, key=lambda number: extents[number].tree)
    best: list[tuple[float, list[list[int]]]] = [(0.0, [])]  # of the first so many in order
    for end in range(1, len(order) + 1):
        whole, ways = extents[order[end - 1]], []
        for start in reversed(range(end)):
            whole = whole if start == end - 1 else whole.with_(extents[order[start]])
            if start < end - 1 and taken(whole, end - start) > most:
                break
            ways.append((best[start][0] + (end - start) * extents[order[end - 1]].tree + overhead, start))
        cost, start = min(ways)
        best.append((cost, [*best[start][1], sorted(order[start:end])]))
    return best[-1][1]


def planted_pairs(part: list[Pair]) -> Tree:
    """The pairs of a part as one tree."""
    tree, before = Tree(), []
    for number in sorted(range(len(part)), key=lambda i: part[i][0]):
        tokens, _ = part[number]
        tree.grow(number, tokens, common(before, tokens))
        before = tokens
    return tree


def _as_trees(model: PreTrainedModel, trees: list[Tree], parts: list[list[Pair]], pad: int) -> tuple[dict, Learned]:
    """What the model is given, a row a lesson, and where its learned tokens are."""
    device, longest = model.device, max(len(tree.tokens) for tree in trees)
    token = torch.full((len(trees), longest), pad)
    depth = torch.zeros_like(token)
    seen = torch.eye(longest, dtype=torch.bool).repeat(len(trees), 1, 1)  # a softmax over nothing is not a number
    learned = Learned([], [], [], [])
    for row, (tree, part) in enumerate(zip(trees, parts, strict=True)):
        size = len(tree.tokens)
        token[row, :size], depth[row, :size] = torch.tensor(tree.tokens), torch.tensor(tree.depths)
        seen[row, :size, :size] = torch.from_numpy(tree.seen())
        for number, path in zip(tree.prompts, tree.paths, strict=True):
            _note(learned, row, row, path, part[number][1])
    depth = depth.to(device)
    mask = masks(model, seen.to(device), depth, depth)
    return {"input_ids": token.to(device), "position_ids": depth, "attention_mask": mask}, learned


def _as_rows(model: PreTrainedModel, parts: list[list[Pair]], pad: int) -> tuple[dict, Learned]:
    """The same, a row a pair; a part with fewer pairs than others is filled up with rows of which nothing is learned."""
    size, learned, rows = max(map(len, parts)), Learned([], [], [], []), []
    for lesson, part in enumerate(parts):
        for number, (tokens, labels) in enumerate(part):
            _note(learned, lesson * size + number, lesson, list(range(len(tokens))), labels)
            rows.append(torch.tensor(tokens))
        rows += [torch.tensor([pad])] * (size - len(part))
    return {"input_ids": pad_sequence(rows, batch_first=True, padding_value=pad).to(model.device)}, learned


def _note(learned: Learned, row: int, lesson: int, places: list[int], labels: list[int]) -> None:
    """Add the learned tokens of a pair, whose tokens are at these places of a row."""
    for i, label in enumerate(labels):
        if label != IGNORED:
            learned.row.append(row)
            learned.place.append(places[i - 1])
            learned.token.append(label)
            learned.lesson.append(lesson)
