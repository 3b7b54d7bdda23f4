"""Reading: many prompts go through a model at once, for several lessons, and what prompts begin with alike goes through once.

Prompts are read as trees, of which every token sees its ancestors alone; then each goes on in a row of its own. Masks are written
out, so that padding is as if it were not there, also for layers that look back a little only.
"""

import inspect
from dataclasses import dataclass, field

import numpy as np
import torch
from transformers import Cache, PreTrainedModel
from transformers.cache_utils import DynamicLayer

SPARE = 16  # tokens of room by which a layer's memory grows
PADDING = -1  # position of padding
# Tokens of a tree, about. In a larger one more beginnings are shared, but more pairs of tokens are looked at in vain, and what is
# computed on the way no longer fits into a processor's cache.
TREE = {"cpu": 128, "cuda": 1024}


@dataclass
class Tree:
    """Prompts that share beginnings: tokens, their depths and parents (None: a root), and the tokens of each prompt by number."""

    tokens: list[int] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)
    parents: list[int | None] = field(default_factory=list)
    paths: list[list[int]] = field(default_factory=list)

    def seen(self) -> np.ndarray:
        """Which tokens each token follows, itself among them: [tokens, tokens]."""
        seen = np.eye(len(self.tokens), dtype=bool)
        for i, parent in enumerate(self.parents):
            if parent is not None:
                seen[i] |= seen[parent]
        return seen


def readable(model: PreTrainedModel) -> bool:
    """Whether a model keeps all that it has read token by token and takes masks and positions as they are written here."""
    config = model.config.get_text_config()
    kinds = set(getattr(config, "layer_types", None) or [])
    known = {"full_attention", "sliding_attention"}
    takes_positions = "position_ids" in inspect.signature(model.forward).parameters
    return kinds <= known and config._attn_implementation == "sdpa" and takes_positions


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
            room = room.new_empty(*room.shape[:3], end + SPARE, room.shape[4])
            room[0, :, :, :before], room[1, :, :, :before] = self.keys, self.values
        room[0, :, :, before:end], room[1, :, :, before:end] = key_states, value_states
        return self._taken(room, end)

    def _taken(self, room: torch.Tensor, end: int) -> tuple[torch.Tensor, torch.Tensor]:
        self._room = room
        self.keys, self.values = room[0, :, :, :end], room[1, :, :, :end]
        return self.keys, self.values

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        """Keep these rows, in this order."""
        chosen = torch.stack([self.keys.index_select(0, indices), self.values.index_select(0, indices)])
        self._taken(chosen, chosen.shape[3])

    def of_prompts(self, places: torch.Tensor) -> torch.Tensor:
        """Keys and values of prompts, [2, lessons, prompts, heads, t, size], from those of a tree in a row a lesson; `places`
        [prompts, t] has the numbers of their tokens."""
        both = torch.stack([self.keys, self.values])
        return both[:, :, :, places].transpose(2, 3)

    def fill(self, both: torch.Tensor) -> None:
        """Begin with keys and values [2, rows, heads, t, size]."""
        self.lazy_initialization(*both)
        self._taken(both, both.shape[3])


class Reading:
    """What a model has read so far, a row a prompt and lesson; `position` [rows, t] has every token's place in its prompt."""

    def __init__(self, model: PreTrainedModel):
        config = model.config.get_text_config()
        self._model = model
        self._cache = self._empty()
        self._kinds = set(getattr(config, "layer_types", None) or [])
        self._window = getattr(config, "sliding_window", None)
        self.position = torch.empty(0, 0, dtype=torch.long, device=model.device)

    def read(self, token: torch.Tensor, position: torch.Tensor, keep: int = 1) -> torch.Tensor:
        """Read more tokens [rows, t] at their positions (`PADDING`: none); logits after the last `keep` of them [rows, keep,
        vocabulary]."""
        self.position = torch.cat([self.position, position], dim=1) if self.position.numel() else position
        # padding sees padding, since a softmax over nothing is not a number
        real = (self.position[:, None] > PADDING) | (position[:, :, None] == PADDING)
        distance = position[:, :, None] - self.position[:, None]
        return self._read(token, position, real & (distance >= 0), distance, keep, self._cache)

    def read_trees(self, prompts: list[list[int]], lessons: int) -> None:
        """Read prompts, ordered by their tokens, once a lesson, and go on with rows of prompts (of the first lesson, then the
        next)."""
        device, longest = self._model.device, max(map(len, prompts))
        read = []
        for tree in planted(prompts, TREE.get(device.type, TREE["cuda"])):
            depth = torch.tensor(tree.depths, device=device)[None]
            seen = torch.tensor(tree.seen(), device=device)[None]
            cache = self._empty()
            self._read(self._rows([tree.tokens], lessons), depth, seen, depth[:, :, None] - depth[:, None], 1, cache)
            places = torch.tensor([[0] * (longest - len(path)) + path for path in tree.paths], device=device)
            read.append([layer.of_prompts(places) for layer in cache.layers])
        for layer, parts in zip(self._cache.layers, zip(*read, strict=True), strict=True):
            layer.fill(torch.cat(parts, dim=2).flatten(1, 2))
        self.position = self._rows([[PADDING] * (longest - len(p)) + list(range(len(p))) for p in prompts], lessons)

    def _empty(self) -> Cache:
        return Cache(layers=[Room() for _ in range(self._model.config.get_text_config().num_hidden_layers)])

    def _rows(self, array, lessons: int) -> torch.Tensor:
        """A lesson's rows, for all of them."""
        return torch.as_tensor(array, device=self._model.device).repeat(lessons, *[1] * (np.ndim(array) - 1))

    def read_ends(self, prompts: list[list[int]], lessons: int, keep: int) -> torch.Tensor:
        """Read the last `keep` tokens of prompts, as far as they have so many, of which the rest is read: logits after them
        [lessons x prompts, keep, vocabulary]."""
        token = [[0] * (keep - len(prompt)) + prompt[-keep:] for prompt in prompts]
        position = [[PADDING] * (keep - len(prompt)) + list(range(len(prompt)))[-keep:] for prompt in prompts]
        return self.read(self._rows(token, lessons), self._rows(position, lessons), keep)

    def _read(
        self,
        token: torch.Tensor,
        position: torch.Tensor,
        seen: torch.Tensor,
        distance: torch.Tensor,
        keep: int,
        cache: Cache,
    ) -> torch.Tensor:
        """Read tokens that see what is `seen` [rows or 1, t, all], but in some layers nothing that is too far away."""
        full = seen[:, None]
        local = full & (distance < self._window)[:, None] if self._window else full
        return self._model(
            input_ids=token,
            attention_mask={"full_attention": full, "sliding_attention": local} if self._kinds else local,
            position_ids=position.clamp(min=0),
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=keep,
        ).logits

    def choose(self, rows: torch.Tensor) -> None:
        """Go on with these rows, in this order."""
        self._cache.batch_select_indices(rows)
        self.position = self.position[rows]


def begin(model: PreTrainedModel, prompts: list[list[int]], lessons: int, keep: int = 1) -> tuple[torch.Tensor, Reading]:
    """Read prompts, ordered by their tokens, each once a lesson (rows are all prompts of the first lesson, then of the next):
    logits after their last `keep` tokens [lessons x prompts, keep, vocabulary], and the reading, to go on with.

    `model` has as many adapters stacked as there are lessons.
    """
    reading = Reading(model)
    beginnings = [prompt[:-keep] for prompt in prompts]
    if any(beginnings):
        reading.read_trees(beginnings, lessons)
    return reading.read_ends(prompts, lessons, keep), reading


def planted(prompts: list[list[int]], size: int) -> list[Tree]:
    """Trees of prompts that are ordered by their tokens, of about `size` tokens, or as many as four of the longest have."""
    most = max(size, 4 * max(map(len, prompts)))
    trees, before = [Tree()], []
    for prompt in prompts:
        alike = _common(before, prompt)
        if trees[-1].tokens and len(trees[-1].tokens) + len(prompt) - alike > most:
            trees.append(Tree())
            alike = 0
        tree = trees[-1]
        path = tree.paths[-1][:alike] if alike else []
        for depth, token in enumerate(prompt[alike:], start=alike):
            tree.parents.append(path[-1] if path else None)
            path.append(len(tree.tokens))
            tree.tokens.append(token)
            tree.depths.append(depth)
        tree.paths.append(path)
        before = prompt
    return trees


def _common(one: list[int], other: list[int]) -> int:
    """How many tokens two prompts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))
