"""Reading: many prompts go through a model at once, for several lessons, and what prompts begin with alike goes through once.

Prompts are read as trees, in which every token sees its ancestors alone. Where they have much in common, they go on in them, so
that nothing is copied. Masks are written out, so that padding is as if it were not there, also for layers that look back a little
only.
"""

import inspect
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from weakref import WeakSet

import numpy as np
import torch
from transformers import Cache, PreTrainedModel
from transformers.cache_utils import DynamicLayer

from isogloss.models.memory import LARGER, READ, Shape
from isogloss.models.output import only_at
from isogloss.progress import Meter

SPARE = 16  # times that as many tokens can be read before a layer's memory has to grow again
# A token of a tree costs some 24 width^2 operations in a layer, and being compared with each other one 4 width, which do not run
# as fast; so one that is compared with AS_DEAR * width others costs as much as two alone.
AS_DEAR = 3
COPIES = 3  # times the memory of their trees that prompts may take to go on each in a row of its own

UNREADABLE: WeakSet[PreTrainedModel] = WeakSet()  # models that were tried out in vain


@dataclass
class Tree:
    """Prompts that share beginnings: tokens, their depths and parents (None: a root), and of each prompt its number and its
    tokens."""

    tokens: list[int] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)
    parents: list[int | None] = field(default_factory=list)
    prompts: list[int] = field(default_factory=list)
    paths: list[list[int]] = field(default_factory=list)

    def grow(self, number: int, prompt: list[int], alike: int) -> None:
        """Add a prompt that has its first `alike` tokens in common with the last one, if there is one."""
        path = self.paths[-1][:alike] if self.paths else []
        for depth, token in enumerate(prompt[len(path) :], start=len(path)):
            self.parents.append(path[-1] if path else None)
            path.append(len(self.tokens))
            self.tokens.append(token)
            self.depths.append(depth)
        self.prompts.append(number)
        self.paths.append(path)

    def seen(self) -> np.ndarray:
        """Which tokens each token follows, itself among them: [tokens, tokens]."""
        seen = np.eye(len(self.tokens), dtype=bool)
        for i, parent in enumerate(self.parents):
            if parent is not None:
                seen[i] |= seen[parent]
        return seen


def planted(prompts: dict[int, list[int]], most: int, width: int, tokens: float = math.inf) -> list[Tree]:
    """Trees of at most `most` prompts, given by number, and of so many tokens, for a model of a width; a single prompt may be
    longer.

    In the order of tokens, a prompt joins the one before it while a tree is small, and where that costs less than reading it
    alone: it brings fewer tokens along, but they are compared with all of the tree.
    """
    trees: list[Tree] = []
    before: list[int] = []
    for number in sorted(prompts, key=prompts.__getitem__):
        prompt = prompts[number]
        alike = common(before, prompt)
        before = prompt
        size = len(trees[-1].tokens) if trees else 0
        joined = size + len(prompt) - alike
        dearer = joined > width and _cost(joined, width) - _cost(size, width) > _cost(len(prompt), width)
        if not trees or len(trees[-1].prompts) == most or dearer or joined > tokens:
            trees.append(Tree())
        trees[-1].grow(number, prompt, alike)
    return trees


def _cost(tokens: int, width: int) -> float:
    """Cost of reading a tree, in tokens read alone."""
    return tokens * (1 + tokens / (AS_DEAR * width))


def common(one: list[int], other: list[int]) -> int:
    """How many tokens two prompts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))


def batches(prompts: dict[int, list[int]], most: int, width: int, tokens: float = math.inf) -> list[list[Tree]]:
    """Trees of prompts, batched with others of about their size; at most `most` prompts in a batch, and at most so many tokens,
    padding among them, but of a single prompt."""
    found: list[list[Tree]] = []
    for tree in sorted(planted(prompts, most, width, tokens), key=lambda tree: len(tree.tokens)):
        full = not found or sum(len(other.prompts) for other in found[-1]) + len(tree.prompts) > most
        if full or (len(found[-1]) + 1) * len(tree.tokens) > tokens:
            found.append([])
        found[-1].append(tree)
    return found


def of_one_length(prompts: dict[int, list[int]], most: int, width: int, tokens: float) -> list[list[Tree]]:
    """The same with trees of a prompt each, and batches of prompts of one length: a state of all that was read, which recurrent
    layers keep, would take in padding as well."""
    found: list[list[Tree]] = []
    for number in sorted(prompts, key=lambda number: len(prompts[number])):
        tree = Tree()
        tree.grow(number, prompts[number], 0)
        full = found and (len(found[-1]) == most or (len(found[-1]) + 1) * len(tree.tokens) > tokens)
        if not found or full or len(found[-1][0].tokens) < len(tree.tokens):
            found.append([])
        found[-1].append(tree)
    return found


def in_batches(
    model: PreTrainedModel,
    prompts: list[list[int]],
    most: int,
    way: Callable[[list[Tree]], torch.Tensor],
    lessons: int = 1,
) -> Iterator[tuple[list[int], list]]:
    """What a `way` to read trees finds, [lesson, prompt, ...], with the numbers of those prompts.

    `most` are read at a time, or fewer where they are so long that they would take too much memory; half as many where memory
    does not suffice, and so on; OutOfMemoryError where not even for one. Models that are not `readable` get prompts of one length
    at a time, so that nothing is padded.
    """
    width, shape = model.config.get_text_config().hidden_size, Shape.of(model.config.to_dict())
    tokens = READ * larger(model) / (lessons * shape.read(model.dtype.itemsize))
    split = batches if readable(model) else of_one_length
    waiting = split(dict(enumerate(prompts)), most, width, tokens)
    with Meter("prompts", len(prompts)) as meter:
        while waiting:
            trees = waiting.pop(0)
            numbers = [number for tree in trees for number in tree.prompts]
            try:
                found = way(trees).tolist()
            except torch.OutOfMemoryError:
                if len(numbers) == 1:
                    raise
                waiting[:0] = split({i: prompts[i] for i in numbers}, len(numbers) // 2, width, tokens)
                continue
            meter.add(len(numbers))
            yield numbers, found


def fitting(model: PreTrainedModel, most: int, each: float, limit: float) -> int:
    """How many, at most `most`, go together if `each` takes so many bytes of a limit for a processor."""
    return max(1, min(most, int(limit * larger(model) / each)))


def larger(model: PreTrainedModel) -> int:
    """Times that limits of memory are larger than on a processor."""
    return LARGER if model.device.type != "cpu" else 1


def readable(model: PreTrainedModel) -> bool:
    """Whether a model keeps all that it has read token by token and takes masks and positions as they are written here."""
    if model in UNREADABLE:
        return False
    config = model.config.get_text_config()
    kinds = set(getattr(config, "layer_types", None) or [])
    known = {"full_attention", "sliding_attention"}
    takes_positions = "position_ids" in inspect.signature(model.forward).parameters
    return kinds <= known and config._attn_implementation == "sdpa" and takes_positions


def masks(
    model: PreTrainedModel, seen: torch.Tensor, position: torch.Tensor, depth: torch.Tensor
) -> torch.Tensor | dict[str, torch.Tensor]:
    """The attention masks of tokens at a `position` [rows, n] that see what is `seen` [rows, n, all] of tokens at a `depth`
    [rows, all], and in layers with a window nothing that is too far away. They are made once for all layers."""
    config = model.config.get_text_config()

    def added(visible: torch.Tensor) -> torch.Tensor:
        mask = torch.zeros(visible.shape, dtype=model.dtype, device=visible.device)
        return mask.masked_fill_(~visible, -torch.inf)[:, None]

    full = local = added(seen)
    if window := getattr(config, "sliding_window", None):
        local = added(seen & (position[:, :, None] - depth[:, None] < window))
    return {"full_attention": full, "sliding_attention": local} if getattr(config, "layer_types", None) else local


class Room(DynamicLayer):
    """Keys and values of a layer with room for more, so that a further token does not copy them all."""

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *args, **kwargs):
        """Add [rows, heads, t, size] of each; returns all there are."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            self._taken(key_states.new_empty(2, *key_states.shape[:2], 0, key_states.shape[3]), 0)
        before = self.keys.shape[2]
        end = before + key_states.shape[2]
        room = self._room
        if end > room.shape[3]:
            grown = room.new_empty(*room.shape[:3], end + (SPARE * key_states.shape[2] if before else 0), room.shape[4])
            grown[:, :, :, :before] = room[:, :, :, :before]
            room = grown
        room[0, :, :, before:end], room[1, :, :, before:end] = key_states, value_states
        return self._taken(room, end)

    def _taken(self, room: torch.Tensor, end: int) -> tuple[torch.Tensor, torch.Tensor]:
        self._room = room
        self.keys, self.values = room[0, :, :, :end], room[1, :, :, :end]
        return self.keys, self.values

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        """Keep these rows, in this order."""
        end = self.keys.shape[2]
        self._taken(self._room[:, :, :, :end].index_select(1, indices.to(self._room.device)), end)

    def part(self, row: torch.Tensor, token: torch.Tensor) -> None:
        """Go on with rows of which each has some tokens [rows, t] of a `row` that was."""
        _, _, heads, _, size = self._room.shape
        end = self.keys.shape[2]
        place = (row[:, None, None] * heads + torch.arange(heads, device=row.device)[:, None]) * end + token[:, None]
        chosen = self._room[:, :, :, :end].reshape(2, -1, size).index_select(1, place.flatten().to(self._room.device))
        self._taken(chosen.view(2, *place.shape, size), token.shape[1])


class Reading:
    """What a model has read so far, in rows: those of the first lesson, then as many of the next, and so on.

    A row is a tree, in which its prompts go on; or a prompt, where that takes little memory, since then no place is left over and
    each can be left out. `places` [rows of a lesson, prompts of a row] has the number of the prompt that goes on there, counted
    through all trees; their count stands for none, and such a place sees nothing but itself.
    """

    def __init__(self, model: PreTrainedModel, trees: list[Tree], lessons: int):
        """Read trees; `model` has as many adapters stacked as there are `lessons`."""
        config = model.config.get_text_config()
        self._model = model
        self._cache = Cache(layers=[Room() for _ in range(config.num_hidden_layers)])
        counts, longest = [len(tree.prompts) for tree in trees], max(len(tree.tokens) for tree in trees)
        token, depth = np.zeros((2, len(trees), longest), dtype=int)
        # padding sees itself, since a softmax over nothing is not a number
        among = np.tile(np.eye(longest, dtype=bool), (len(trees), 1, 1))
        seen = np.zeros((len(trees), max(counts), longest), dtype=bool)
        place = np.full((len(trees), max(counts)), sum(counts))
        for i, tree in enumerate(trees):
            size = len(tree.tokens)
            token[i, :size], depth[i, :size] = tree.tokens, tree.depths
            among[i, :size, :size] = tree.seen()
            place[i, : counts[i]] = np.arange(counts[i]) + sum(counts[:i])
            for j, path in enumerate(tree.paths):
                seen[i, j, path] = True
        self.places = torch.as_tensor(place, device=model.device)
        token, depth, among, self._seen = (
            torch.as_tensor(array, device=model.device).repeat(lessons, *[1] * (array.ndim - 1))
            for array in (token, depth, among, seen)
        )
        self._depth = depth[:, :0]  # of all tokens read, [rows, tokens]
        if longest:
            self._read(token, depth, among, torch.zeros_like(token, dtype=torch.bool))  # keys and values are all that is wanted
            if seen.sum() <= COPIES * len(trees) * longest:
                self._part(sum(counts), lessons)
        self._position = self._seen.sum(dim=2)

    def _part(self, count: int, lessons: int) -> None:
        """Give each of `count` prompts a row of its own."""
        row, column = (self.places < count).repeat(lessons, 1).nonzero(as_tuple=True)
        seen = self._seen[row, column]
        token = (~seen).int().argsort(dim=1, stable=True)[:, : int(seen.sum(dim=1).max())]
        self.places = torch.arange(count, device=row.device)[:, None]
        self._seen, self._depth = seen.gather(1, token)[:, None], self._depth[row].gather(1, token)
        for layer in self._cache.layers:
            layer.part(row, token)

    def read(self, token: torch.Tensor, at: torch.Tensor | None = None) -> torch.Tensor:
        """Read the next tokens [rows, prompts, t] of every prompt.

        Logits after each [rows, prompts, t, vocabulary], or after those alone that are wanted (`at` [rows, prompts, t]), in
        order: [wanted, vocabulary].
        """
        rows, prompts, t = token.shape
        position = self._position[:, :, None] + torch.arange(t, device=token.device)
        # of what is read now, a token sees that of its own prompt up to itself
        own = torch.eye(prompts, device=token.device)[:, None, :, None] * torch.ones(t, t, device=token.device).tril()[:, None]
        own = own.bool().reshape(prompts * t, prompts * t).expand(rows, -1, -1)
        seen = torch.cat([self._seen.repeat_interleave(t, dim=1), own], dim=2)
        wanted = torch.ones_like(token, dtype=torch.bool) if at is None else at
        logits = self._read(token.flatten(1), position.flatten(1), seen, wanted.flatten(1))
        self._seen, self._position = seen[:, t - 1 :: t], self._position + t
        return logits.view(rows, prompts, t, -1) if at is None else logits

    def _read(self, token: torch.Tensor, position: torch.Tensor, seen: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
        """Read tokens [rows, n] at positions that see what is `seen` [rows, n, all], but in some layers nothing too far away.

        Logits after those that are wanted (`at` [rows, n]): [wanted, vocabulary]."""
        self._depth = torch.cat([self._depth, position], dim=1)
        inputs = {
            "input_ids": token,
            "attention_mask": masks(self._model, seen, position, self._depth),
            "position_ids": position,
            "cache": self._cache,
            "use_cache": True,
        }
        row, place = at.nonzero(as_tuple=True)
        with only_at(self._model, row, place):
            return self._model(**inputs).logits[0]

    def choose(self, rows: torch.Tensor, prompts: torch.Tensor) -> None:
        """Go on with these rows [n], in order, and of each with these prompts [n, m]."""
        if len(rows) < len(self._depth):
            self._cache.batch_select_indices(rows)
            self._depth = self._depth[rows]
        self._seen, self._position = self._seen[rows[:, None], prompts], self._position[rows[:, None], prompts]
