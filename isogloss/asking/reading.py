"""Reading: many prompts go through a model at once, for several lessons, and what prompts begin with alike goes through once.

Prompts are read as trees, of which every token sees its ancestors alone; then each goes on in a row of its own. Masks are written
out, so that padding is as if it were not there, also for layers that look back a little only.
"""

import inspect

import numpy as np
import torch
from transformers import Cache, PreTrainedModel
from transformers.cache_utils import DynamicLayer

SPARE = 16  # tokens of room by which a layer's memory grows
PADDING = -1  # position of padding
TREE = (
    256  # tokens of a tree, about: in a larger one more beginnings are shared, and more of all pairs of tokens looked at in vain
)

Tree = tuple[list[int], list[int], list[int | None]]


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

    def unfold(self, lessons: int, places: torch.Tensor) -> None:
        """Turn rows of trees into rows of prompts; `places` [prompts, t] are the tokens' numbers among those of a lesson."""
        both = torch.stack([self.keys, self.values])
        _, rows, heads, length, size = both.shape
        tokens = both.transpose(2, 3).reshape(2, lessons, rows // lessons * length, heads, size)
        prompts = tokens[:, :, places.flatten()].view(2, lessons * len(places), -1, heads, size)
        self._taken(prompts.transpose(2, 3), places.shape[1])


class Reading:
    """What a model has read so far, a row a prompt and lesson; `position` [rows, t] has every token's place in its prompt."""

    def __init__(self, model: PreTrainedModel):
        config = model.config.get_text_config()
        self._model = model
        self._cache = Cache(layers=[Room() for _ in range(config.num_hidden_layers)])
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
        return self._read(token, position, real & (distance >= 0), distance, keep)

    def read_trees(self, prompts: list[list[int]], lessons: int) -> None:
        """Read prompts, ordered by their tokens, once a lesson, and go on with rows of prompts (of the first lesson, then the
        next)."""
        trees, places = planted(prompts)
        size = max(len(tokens) for tokens, _, _ in trees)
        token, position = np.zeros((len(trees), size), dtype=int), np.full((len(trees), size), PADDING)
        seen = np.stack([np.eye(size, dtype=bool)] * len(trees))
        for tree, (tokens, depths, parents) in enumerate(trees):
            token[tree, : len(tokens)], position[tree, : len(tokens)] = tokens, depths
            for i, parent in enumerate(parents):
                if parent is not None:
                    seen[tree, i] |= seen[tree, parent]
        distance = position[:, :, None] - position[:, None]
        self._read(*(self._rows(array, lessons) for array in (token, position, seen, distance)), keep=1)
        longest = max(map(len, prompts))
        index = [[0] * (longest - len(path)) + [tree * size + i for i in path] for tree, path in places]
        for layer in self._cache.layers:
            layer.unfold(lessons, torch.tensor(index, device=self._model.device))
        self.position = self._rows([[PADDING] * (longest - len(p)) + list(range(len(p))) for p in prompts], lessons)

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
        self, token: torch.Tensor, position: torch.Tensor, seen: torch.Tensor, distance: torch.Tensor, keep: int
    ) -> torch.Tensor:
        """Read tokens that see what is `seen` [rows, t, all], but in some layers nothing that is too far away."""
        full = seen[:, None]
        local = full & (distance < self._window)[:, None] if self._window else full
        return self._model(
            input_ids=token,
            attention_mask={"full_attention": full, "sliding_attention": local} if self._kinds else local,
            position_ids=position.clamp(min=0),
            past_key_values=self._cache,
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


def planted(prompts: list[list[int]]) -> tuple[list[Tree], list[tuple[int, list[int]]]]:
    """Trees of prompts that are ordered by their tokens: of each the tokens, their depths and their parents (None: a root); and
    for each prompt the number of its tree and the places of its tokens in it."""
    most = max(TREE, 4 * max(map(len, prompts)))
    trees: list[Tree] = [([], [], [])]
    places: list[tuple[int, list[int]]] = []
    before: list[int] = []
    for prompt in prompts:
        alike = _common(before, prompt)
        if trees[-1][0] and len(trees[-1][0]) + len(prompt) - alike > most:
            trees.append(([], [], []))
            alike = 0
        tokens, depths, parents = trees[-1]
        path = places[-1][1][:alike] if alike else []
        for depth, token in enumerate(prompt[alike:], start=alike):
            parents.append(path[-1] if path else None)
            path.append(len(tokens))
            tokens.append(token)
            depths.append(depth)
        places.append((len(trees) - 1, path))
        before = prompt
    return trees, places


def _common(one: list[int], other: list[int]) -> int:
    """How many tokens two prompts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))
