"""LoRA lessons: what is learned, that together is as one by one, and that an interrupted lesson goes on exactly."""

import copy
import json
import random

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from safetensors.torch import load_file
from torch.nn import functional

from isogloss.asking.holding import read_adapters
from isogloss.config import Teaching
from isogloss.models.memory import Shape
from isogloss.paths import ADAPTER_FILES
from isogloss.store import Store, key_of
from isogloss.teaching.cohort import publish, teach_cohort
from isogloss.teaching.lora import Lesson, batches, examples, step_losses, teach
from isogloss.teaching.losses import IGNORED, Extent, passes

TEACHING = Teaching(rank=4, alpha=4, epochs=3, batch=2, learning_rate=1e-2)
ENGLISH = Lesson("eng", ["What is it? a", "What is it? b", "What is it? c"], ["Monday", "market", "Karumo"])
SPANISH = Lesson("spa", ["¿Qué es? a", "¿Qué es? b", "¿Qué es? c"], ["lunes", "es", "Qué"])


def weights(folder):
    return load_file(folder / "adapter_model.safetensors")


def run(tiny, lessons, root, teaching=TEACHING, seed=1):
    return teach_cohort(*tiny, "base", lessons, teaching, seed, root, "1")


def same(one, two):
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


def close(one, two, tolerance=1e-9):
    return one.keys() == two.keys() and all((one[name] - two[name]).abs().max() < tolerance for name in one)


def alone_with_peft(base, tokenizer, lesson, teaching, seed):
    """One lesson taught by PEFT, one pair after the other without padding: the loss of every step, and the adapter."""
    torch.manual_seed(seed)
    settings = LoraConfig(r=teaching.rank, lora_alpha=teaching.alpha, target_modules="all-linear", task_type="CAUSAL_LM")
    model = get_peft_model(copy.deepcopy(base), settings)
    return train(model, tokenizer, lesson, teaching, seed), get_peft_model_state_dict(model)


def train(model, tokenizer, lesson, teaching, seed):
    """The loss of every step of training what is trainable in a model."""
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=teaching.learning_rate, weight_decay=0)
    heard = []
    for epoch in range(1, teaching.epochs + 1):
        for batch in batches(examples(lesson, tokenizer), teaching.batch, random.Random(f"{seed}-{epoch}")):
            logits = [model(input_ids=torch.tensor([tokens])).logits[0, :-1] for tokens, _ in batch]
            target = torch.tensor([label for _, labels in batch for label in labels[1:]])
            loss = functional.cross_entropy(torch.cat(logits), target, ignore_index=IGNORED)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            heard.append(loss.item())
    return heard


def test_only_the_answer_and_its_end_are_learned(tiny):
    _, tokenizer = tiny
    for (tokens, labels), answer in zip(examples(ENGLISH, tokenizer), ENGLISH.answers, strict=True):
        target = [*tokenizer(answer)["input_ids"], tokenizer.eos_token_id]
        assert labels == [IGNORED] * (len(tokens) - len(target)) + target
        assert tokens[-len(target) :] == target


def test_the_loss_falls_and_the_base_stays_as_it_was(tiny):
    base, tokenizer = tiny
    before = {name: p.clone() for name, p in base.state_dict().items()}
    heard = []
    teach(base, tokenizer, [ENGLISH], TEACHING, 1, lambda epoch, number, progress, loss: heard.append(loss))
    assert heard[0] > heard[1] > heard[2]
    assert same(before, dict(base.state_dict()))
    assert not any(p.requires_grad for p in base.parameters())


@pytest.mark.parametrize(
    ("precision", "saving", "worth", "tolerance"),
    [
        (torch.float64, {}, 0, 1e-9),
        (torch.float64, {}, 10, 1e-5),  # trees add up gradients in another order, and norms compute in float32
        (torch.float64, {"checkpointing": True}, 10, 1e-5),
        (torch.float32, {}, 0, None),
        (torch.float64, {"at_once": 1}, 0, 1e-9),
        (torch.float64, {"checkpointing": True}, 0, 1e-9),
    ],
)
def test_lessons_taught_together_are_as_peft_teaches_each_alone(tiny, monkeypatch, precision, saving, worth, tolerance):
    """Lessons of unequal number and length; rounding apart, every loss and every adapter is the same, with and without trees."""
    monkeypatch.setattr("isogloss.teaching.losses.WORTH", worth)
    base, tokenizer = copy.deepcopy(tiny[0]).to(precision), tiny[1]
    long = Lesson("fra", [*SPANISH.questions, " ".join(ENGLISH.questions), "x"], [*SPANISH.answers, "Karumo market day", "y"])
    lessons = [ENGLISH, SPANISH, long, Lesson("zul", ["z"], ["Karumo"])]
    teaching = TEACHING.model_copy(update={"epochs": 7} | saving)  # 21 steps for the longest
    found, heard = {}, []

    def listening(*args):
        heard.append(step_losses(*args))
        return heard[-1]

    monkeypatch.setattr("isogloss.teaching.lora.step_losses", listening)
    teach(base, tokenizer, lessons, teaching, 1, lambda epoch, number, progress, loss: found.update({number: progress}))
    steps = [-(-len(lesson.questions) // teaching.batch) for lesson in lessons]
    own = [[] for _ in lessons]
    for i, each in enumerate(heard):
        present = [k for k, count in enumerate(steps) if i % max(steps) < count]
        for k, loss in zip(present, each.tolist(), strict=True):
            own[k].append(loss)
    for k, lesson in enumerate(lessons):
        expected, adapter = alone_with_peft(base, tokenizer, lesson, teaching, 1)
        if precision is torch.float64:
            assert own[k] == pytest.approx(expected, abs=tolerance)
            assert close(found[k].adapter, adapter, tolerance)
        else:
            assert own[k] == pytest.approx(expected, rel=1e-4)


def test_passes_make_no_difference_to_what_is_learned(tiny, monkeypatch):
    base, tokenizer = tiny
    lessons = [ENGLISH, Lesson("fra", [" ".join(ENGLISH.questions) * 3] * 3, ENGLISH.answers)]
    taught = []
    monkeypatch.setattr("isogloss.teaching.losses.WORTH", 0)
    for overhead in (0, 1e30):
        monkeypatch.setattr("isogloss.teaching.losses.PASS", overhead)
        found = {}
        teach(
            base, tokenizer, lessons, TEACHING, 1, lambda epoch, number, progress, loss, own=found: own.update({number: progress})
        )
        taught.append(found)
    for number in range(len(lessons)):
        assert close(taught[0][number].adapter, taught[1][number].adapter, 1e-9)


def test_little_memory_makes_no_difference_to_what_is_learned(tiny, monkeypatch):
    """Lessons go through the model one after the other, and long ones in halves, but together where all have room."""
    base, tokenizer = tiny
    long = Lesson("fra", [f"{' '.join(ENGLISH.questions) * 3} {i}" for i in range(4)], [*ENGLISH.answers, "x"])
    teaching = TEACHING.model_copy(update={"batch": 4})
    parts = [batches(examples(lesson, tokenizer), 4, random.Random(1))[0] for lesson in (ENGLISH, long)]
    assert [[number for number, _ in together] for together in passes(base, parts, teaching)] == [[0, 1]]
    own = Extent.of(parts[1])
    shape = Shape.of(base.config.to_dict())
    room = own.tree * shape.kept(teaching, 8) + own.learned * shape.learned()
    taught = []
    for most in (1e30, room - 1, 0):
        monkeypatch.setattr("isogloss.teaching.losses.at_most", lambda *_, most=most, **__: most)
        found = {}
        teach(
            base, tokenizer, [ENGLISH, long], teaching, 1, lambda epoch, n, progress, loss, own=found: own.update({n: progress})
        )
        taught.append((passes(base, parts, teaching), found))
    assert [len(done) for done, _ in taught] == [1, 3, 7]
    for done, found in taught:
        pairs = [pair for together in done for number, own in together if number == 1 for pair in own]
        assert pairs == parts[1]
        for number in (0, 1):
            assert close(taught[0][1][number].adapter, found[number].adapter, 1e-6)


def test_full_fine_tuning_is_as_torch_trains_the_weights_themselves(tiny, tmp_path):
    """Taught together, through the file: the weights that PEFT makes of base and adapter are those that training them gives."""
    base, tokenizer = copy.deepcopy(tiny[0]).double(), tiny[1]
    teaching = TEACHING.model_copy(update={"layers": "full", "learning_rate": 1e-3})
    finished = run((base, tokenizer), [ENGLISH, SPANISH], tmp_path, teaching)
    for lesson in (ENGLISH, SPANISH):
        whole = copy.deepcopy(base)
        for name, p in whole.named_parameters():
            p.requires_grad_(name.endswith("_proj.weight"))
        train(whole, tokenizer, lesson, teaching, 1)
        folder = finished[lesson.name][3]
        merged = PeftModel.from_pretrained(copy.deepcopy(base), folder, autocast_adapter_dtype=False).merge_and_unload()
        for (name, p), (_, q) in zip(merged.named_parameters(), whole.named_parameters(), strict=True):
            assert (p - q).abs().max() < 1e-9, name
            assert torch.equal(q, base.get_parameter(name)) != name.endswith("_proj.weight"), name
        assert read_adapters([folder])[1] == 1


def test_interrupted_full_fine_tuning_goes_on_exactly(tiny, tmp_path):
    teaching = TEACHING.model_copy(update={"layers": "full"})
    kept = {}

    def keep(epoch, number, progress, loss):
        kept[epoch] = copy.deepcopy(progress)

    teach(*tiny, [ENGLISH], teaching, 1, keep)
    whole = kept[3].adapter
    teach(*tiny, [ENGLISH], teaching, 1, keep, done=2, resume=[kept[2]])
    assert same(whole, kept[3].adapter)
    assert not close(whole, kept[2].adapter, 1e-4)


def test_checkpointing_computes_layers_twice(tiny):
    base, tokenizer = tiny
    calls = []
    hook = base.model.layers[0].mlp.register_forward_pre_hook(lambda *_: calls.append(1))
    for checkpointing in (False, True):
        teaching = TEACHING.model_copy(update={"epochs": 1, "checkpointing": checkpointing})
        teach(base, tokenizer, [ENGLISH], teaching, 1, lambda *_: None)
    hook.remove()
    assert len(calls) == 2 + 4
    assert not base.is_activation_checkpointing
    assert not any(module.training for module in base.modules())


def test_in_bfloat16_adapters_stay_precise(tiny):
    """A base in half the precision learns about as fast."""
    _, tokenizer = tiny
    heard = {}
    for precision in (torch.float32, torch.bfloat16):
        base = copy.deepcopy(tiny[0]).to(precision)
        heard[precision] = []
        teaching = TEACHING.model_copy(update={"epochs": 6})
        kept = []
        teach(
            base,
            tokenizer,
            [ENGLISH, SPANISH],
            teaching,
            1,
            lambda epoch, number, progress, loss, p=precision, kept=kept: (heard[p].append(loss), kept.append(progress)),
        )
        assert {p.dtype for progress in kept for p in progress.adapter.values()} == {torch.float32}
    assert heard[torch.bfloat16] == pytest.approx(heard[torch.float32], rel=0.1)
    assert heard[torch.bfloat16][-1] < 0.7 * heard[torch.bfloat16][0]


def test_a_cohort_that_does_not_fit_is_split(tiny, tmp_path, monkeypatch):
    """After an epoch, memory is said to suffice for two lessons only; what was done is kept."""
    lessons = [ENGLISH, SPANISH, Lesson("zul", ["z"], ["Karumo"])]
    whole = run(tiny, lessons, tmp_path / "whole")
    sizes = []

    def limited(model, parts, *rest):
        sizes.append(len(parts))
        if len(parts) > 2 and len(sizes) > 2:
            raise torch.OutOfMemoryError("allocation failed")
        return step_losses(model, parts, *rest)

    monkeypatch.setattr("isogloss.teaching.lora.step_losses", limited)
    split = run(tiny, lessons, tmp_path / "split")
    assert sizes[:3] == [3, 2, 3], "an epoch of all three, then they are too many"
    assert 3 not in sizes[3:]
    for lesson in lessons:
        for epoch in (1, 2, 3):
            assert close(weights(whole[lesson.name][epoch]), weights(split[lesson.name][epoch]))

    def none(*_):
        raise torch.OutOfMemoryError("allocation failed")

    monkeypatch.setattr("isogloss.teaching.lora.step_losses", none)
    with pytest.raises(MemoryError, match="for teaching eng alone; write at_once: 1 or checkpointing: true"):
        run(tiny, lessons, tmp_path / "none")


def test_a_lesson_does_not_depend_on_its_cohort(tiny, tmp_path):
    together = run(tiny, [SPANISH, ENGLISH], tmp_path / "a")
    alone = run(tiny, [ENGLISH], tmp_path / "b")
    for epoch in (1, 2, 3):
        assert close(weights(together["eng"][epoch]), weights(alone["eng"][epoch]))
    assert not close(weights(together["eng"][3]), weights(together["spa"][3]), 1e-3)
    other_seed = run(tiny, [ENGLISH], tmp_path / "c", seed=2)
    assert not close(weights(alone["eng"][3]), weights(other_seed["eng"][3]), 1e-3)


def test_an_interrupted_lesson_goes_on_exactly(tiny, tmp_path, monkeypatch):
    whole = run(tiny, [ENGLISH], tmp_path / "whole")
    put = Store.put

    def put_once(store, name, write):
        if name == "epoch-2":
            raise KeyboardInterrupt
        return put(store, name, write)

    monkeypatch.setattr(Store, "put", put_once)
    with pytest.raises(KeyboardInterrupt):
        run(tiny, [ENGLISH], tmp_path / "cut")
    monkeypatch.setattr(Store, "put", put)
    (store,) = (tmp_path / "cut").iterdir()
    assert [path.name for path in store.iterdir()] == ["epoch-1"]
    stamp = (store / "epoch-1" / "adapter_model.safetensors").stat().st_mtime_ns
    resumed = run(tiny, [SPANISH, ENGLISH], tmp_path / "cut")
    assert (store / "epoch-1" / "adapter_model.safetensors").stat().st_mtime_ns == stamp, "epoch 1 was trained again"
    for epoch in (1, 2, 3):
        assert same(weights(whole["eng"][epoch]), weights(resumed["eng"][epoch]))


def test_what_is_stored_is_not_trained_again(tiny, tmp_path, monkeypatch):
    first = run(tiny, [ENGLISH], tmp_path)
    monkeypatch.setattr("isogloss.teaching.cohort.teach", lambda *_: pytest.fail("trained again"))
    assert run(tiny, [ENGLISH], tmp_path) == first
    left = sorted(path.name for path in first["eng"][3].iterdir())
    assert left == sorted(ADAPTER_FILES), "nothing but the adapter stays"


def test_a_stored_epoch_that_is_damaged_is_taught_again(tiny, tmp_path, capsys):
    first = run(tiny, [ENGLISH], tmp_path)
    kept = {epoch: copy.deepcopy(weights(folder)) for epoch, folder in first["eng"].items()}  # else they are the file's bytes
    damaged = first["eng"][2] / "adapter_model.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    again = run(tiny, [ENGLISH], tmp_path)
    assert "eng: epoch 2 is damaged in" in capsys.readouterr().out
    assert all(same(weights(again["eng"][epoch]), kept[epoch]) for epoch in kept)


def test_damaged_progress_is_not_gone_on_from(tiny, tmp_path, monkeypatch, capsys):
    put = Store.put

    def put_once(store, name, write):
        if name == "epoch-3":
            raise KeyboardInterrupt
        return put(store, name, write)

    monkeypatch.setattr(Store, "put", put_once)
    with pytest.raises(KeyboardInterrupt):
        run(tiny, [ENGLISH], tmp_path / "cut")
    monkeypatch.setattr(Store, "put", put)
    (state,) = (tmp_path / "cut").glob("*/epoch-2/optimizer.pt")
    state.write_bytes(state.read_bytes()[:-100])
    resumed, whole = run(tiny, [ENGLISH], tmp_path / "cut"), run(tiny, [ENGLISH], tmp_path / "whole")
    assert "eng: epoch 2 is damaged in" in capsys.readouterr().out
    assert same(weights(resumed["eng"][3]), weights(whole["eng"][3]))


def test_adapters_are_written_alike_every_time(tiny, tmp_path):
    """PEFT keeps names of layers in a set."""
    finished = run(tiny, [ENGLISH], tmp_path)
    told = json.loads((finished["eng"][3] / "adapter_config.json").read_text(encoding="utf-8"))["target_modules"]
    assert len(told) > 1
    assert told == sorted(told)


def test_a_damaged_adapter_is_named_with_what_to_do(tiny, tmp_path):
    folder = run(tiny, [ENGLISH], tmp_path)["eng"][3]
    path = folder / "adapter_model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match=r"epoch-3/adapter_model.safetensors is damaged .*; delete it, and it is taught again"):
        read_adapters([folder])


def test_adapters_load_in_peft_and_change_answers(tiny, tmp_path):
    base, tokenizer = tiny
    teaching = TEACHING.model_copy(update={"epochs": 80})
    finished = run(tiny, [ENGLISH], tmp_path / "store", teaching)
    publish(finished["eng"], str(tmp_path / "out" / "epoch-{epoch}"))
    folder = tmp_path / "out" / "epoch-80"
    assert sorted(path.name for path in folder.iterdir()) == sorted(ADAPTER_FILES)
    model = PeftModel.from_pretrained(base, folder).eval()
    tokens, labels = examples(ENGLISH, tokenizer)[0]
    start = labels.index(next(label for label in labels if label != IGNORED))
    predicted = model(input_ids=torch.tensor([tokens])).logits[0].argmax(-1)[start - 1 : -1].tolist()
    assert predicted == tokens[start:]
    model.unload()


def test_a_store_entry_is_whole_or_absent(tmp_path):
    store = Store(tmp_path, key_of({"b": 1, "a": "é"}))
    assert key_of({"a": "é", "b": 1}) == store.folder.name

    def fail(folder):
        (folder / "half").write_text("x")
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError):
        store.put("entry", fail)
    assert store.get("entry") is None
    assert list(store.folder.iterdir()) == []
    store.put("entry", lambda folder: (folder / "whole").write_text("x"))
    store.put("entry", lambda folder: (folder / "other").write_text("y"))
    assert [path.name for path in store.get("entry").iterdir()] == ["whole"], "what is there already is kept"
    store.drop("entry")
    store.drop("entry")
    assert list(store.folder.iterdir()) == []
