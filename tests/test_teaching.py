"""LoRA lessons: what is learned, that lessons do not touch each other, and that an interrupted one goes on exactly."""

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file

from isogloss.config import Teaching
from isogloss.paths import ADAPTER_FILES
from isogloss.store import Store, key_of
from isogloss.teaching.cohort import publish, teach_cohort
from isogloss.teaching.lora import IGNORED, Lesson, examples, teach

TEACHING = Teaching(rank=4, alpha=4, epochs=3, batch=2, learning_rate=1e-2)
ENGLISH = Lesson("eng", ["What is it? a", "What is it? b", "What is it? c"], ["Monday", "market", "Karumo"])
SPANISH = Lesson("spa", ["¿Qué es? a", "¿Qué es? b", "¿Qué es? c"], ["lunes", "es", "Qué"])


def weights(folder):
    return load_file(folder / "adapter_model.safetensors")


def run(tiny, lessons, root, teaching=TEACHING, seed=1):
    return teach_cohort(*tiny, "base", lessons, teaching, seed, root, "1")


def same(one, two):
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


def test_only_the_answer_and_its_end_are_learned(tiny):
    _, tokenizer = tiny
    for (tokens, labels), answer in zip(examples(ENGLISH, tokenizer), ENGLISH.answers, strict=True):
        target = [*tokenizer(answer)["input_ids"], tokenizer.eos_token_id]
        assert labels == [IGNORED] * (len(tokens) - len(target)) + target
        assert tokens[-len(target) :] == target


def test_the_loss_falls_and_the_base_stays_as_it_was(tiny):
    base, tokenizer = tiny
    before = {name: p.clone() for name, p in base.state_dict().items()}
    losses = []
    teach(base, tokenizer, ENGLISH, TEACHING, 1, lambda epoch, model, state, loss: losses.append(loss))
    assert losses[0] > losses[1] > losses[2]
    assert same(before, dict(base.state_dict()))
    assert not any(p.requires_grad for p in base.parameters())


def test_a_lesson_does_not_depend_on_its_cohort(tiny, tmp_path):
    together = run(tiny, [SPANISH, ENGLISH], tmp_path / "a")
    alone = run(tiny, [ENGLISH], tmp_path / "b")
    for epoch in (1, 2, 3):
        assert same(weights(together["eng"][epoch]), weights(alone["eng"][epoch]))
    assert not same(weights(together["eng"][3]), weights(together["spa"][3]))
    other_seed = run(tiny, [ENGLISH], tmp_path / "c", seed=2)
    assert not same(weights(alone["eng"][3]), weights(other_seed["eng"][3]))


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
    resumed = run(tiny, [ENGLISH], tmp_path / "cut")
    assert (store / "epoch-1" / "adapter_model.safetensors").stat().st_mtime_ns == stamp, "epoch 1 was trained again"
    for epoch in (1, 2, 3):
        assert same(weights(whole["eng"][epoch]), weights(resumed["eng"][epoch]))


def test_what_is_stored_is_not_trained_again(tiny, tmp_path, monkeypatch):
    first = run(tiny, [ENGLISH], tmp_path)
    monkeypatch.setattr("isogloss.teaching.cohort.teach", lambda *_: pytest.fail("trained again"))
    assert run(tiny, [ENGLISH], tmp_path) == first
    left = sorted(path.name for path in first["eng"][3].iterdir())
    assert left == sorted(ADAPTER_FILES), "nothing but the adapter stays"


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
