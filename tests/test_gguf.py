"""GGUF files: written here from models whose weights and tokens are known, read back, refused where anything would be lost."""

import itertools
import json
import os
import shutil
import struct
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
import yaml
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from isogloss import plan
from isogloss.checking import ConfigError, load_config
from isogloss.models.gguf import convert, llama3_scaling
from isogloss.models.gguf_header import ARCHITECTURES, GGUFError, problem_of, read_header
from isogloss.models.local import chat_prompt, ends, fingerprint, load_model

REAL = Path(os.environ.get("ISOGLOSS_REAL_MODELS", "/nowhere"))
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.content }}<|im_end|>{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>{% endif %}"
)
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"  # of Qwen2
)
TEXTS = [
    *("All human beings are born free and equal.", " two  blanks ", "123 456,78", "line\n\nline", "<|im_start|>a<|im_end|>"),
    *("สวัสดีชาวโลก", "தமிழ் மொழி", "Vie\u0323\u0302t ne\u0301", "人人生而自由", "ሰላም ለዓለም", "मानव अधिकार ४२"),
]
MODEL_TYPES = {"gemma3": "gemma3_text"}
METADATA = {
    "context_length": "max_position_embeddings",
    "embedding_length": "hidden_size",
    "block_count": "num_hidden_layers",
    "feed_forward_length": "intermediate_size",
    "attention.head_count": "num_attention_heads",
    "attention.head_count_kv": "num_key_value_heads",
}


class ByteLevel:
    """A tokenizer like Qwen2's of a few hundred tokens."""

    def __init__(self, pre="qwen2"):
        self.pre, self.made = pre, Tokenizer(models.BPE())
        self.made.normalizer = normalizers.NFC()
        split = pre_tokenizers.Split(Regex(SPLIT), behavior="isolated")
        rest = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        self.made.pre_tokenizer = pre_tokenizers.Sequence([split, rest])
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False)
        self.made.train_from_iterator(TEXTS[:4] * 3 + ["born free", "human beings", "equal equal"], trainer)
        self.vocabulary = self.made.get_vocab()

    def encode(self, text):
        """Token ids of a text."""
        return self.made.encode(text).ids

    def write(self, writer):
        """Say in a file what it is."""
        tokens = sorted(self.vocabulary, key=self.vocabulary.get)
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(self.pre)
        writer.add_token_list(tokens)
        writer.add_token_types([3 if token in SPECIAL else 1 for token in tokens])
        writer.add_token_merges([" ".join(pair) for pair in json.loads(self.made.to_str())["model"]["merges"]])
        writer.add_eos_token_id(self.vocabulary["<|im_end|>"])
        writer.add_pad_token_id(self.vocabulary["<|endoftext|>"])
        writer.add_uint32("tokenizer.ggml.eot_token_id", self.vocabulary["<|endoftext|>"])


class SentencePiece:
    """A tokenizer like those of Llama 2 and Gemma: of all neighbours that are a token together, those become one whose token has
    the highest score, until there are none (Kudo and Richardson 2018)."""

    def __init__(self, prefixed):
        self.prefixed = prefixed
        control = ["<unk>", "<s>", *SPECIAL]
        self.bytes = len(control)
        pieces = [
            "an",
            "re",
            "al",
            "▁b",
            "▁f",
            "▁fre",
            "ing",
            "in",
            "ings",
            "▁fr",
            "▁free",
            "bo",
            "▁bo",
            "▁bor",
            "▁born",
            "▁▁",
            "ual",
        ]
        letters = ["▁", *sorted(set("".join(TEXTS[:2])) - {" "})]
        self.tokens = [*control, *(f"<0x{byte:02X}>" for byte in range(256)), *pieces, *letters]
        self.vocabulary = {token: i for i, token in enumerate(self.tokens)}

    def encode(self, text):
        """Token ids of a text, with one for the beginning of it."""
        # like LlamaTokenizer of transformers, with no second blank before a text that begins with one
        parts = list(("▁" if self.prefixed and text[0] != " " else "") + text.replace(" ", "▁"))
        while True:
            joined = [(self.vocabulary.get(a + b, 10**6), i) for i, (a, b) in enumerate(itertools.pairwise(parts))]
            best, i = min(joined, default=(10**6, 0))
            if best == 10**6:
                break
            parts[i : i + 2] = [parts[i] + parts[i + 1]]
        known = [
            [self.vocabulary[part]] if part in self.vocabulary else [self.bytes + b for b in part.encode()] for part in parts
        ]
        return [1, *(token for tokens in known for token in tokens)]

    def write(self, writer):
        """Say in a file what it is."""
        writer.add_tokenizer_model("llama")
        writer.add_tokenizer_pre("default")
        writer.add_token_list(self.tokens)
        writer.add_token_scores([-float(i) for i in range(len(self.tokens))])
        writer.add_token_types([3] * self.bytes + [6] * 256 + [1] * (len(self.tokens) - self.bytes - 256))
        for name, token in {"unk": 0, "bos": 1, "eos": 4, "pad": 2}.items():
            getattr(writer, f"add_{name}_token_id")(token)
        writer.add_uint32("tokenizer.ggml.eot_token_id", 2)
        writer.add_add_space_prefix(self.prefixed)


@pytest.fixture(scope="module")
def tokenizer():
    return ByteLevel()


def original(architecture, tokenizer, **other):
    """A random model of an architecture, of some thousand parameters."""
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "vocab_size": len(tokenizer.vocabulary)}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 16384, "head_dim": 8}
    own = {"sliding_window": 6, "layer_types": ["sliding_attention", "full_attention"]} if architecture == "gemma2" else {}
    own = own | ({"query_pre_attn_scalar": 8} if architecture.startswith("gemma") else {})
    own = own | ({"head_dim": 16, "sliding_window": 6} if architecture == "gemma3" else {})
    own = own | ({"query_pre_attn_scalar": 16} if architecture == "gemma3" else {})
    name = MODEL_TYPES.get(architecture, architecture)
    config = AutoConfig.for_model(name, **(sizes | heads | {"initializer_range": 0.3} | own | other))
    model = AutoModelForCausalLM.from_config(config).requires_grad_(False).eval()
    for key, weight in model.state_dict().items():
        if "norm" in key:  # at first all alike
            weight.copy_(torch.rand_like(weight) + 0.5 - int(architecture.startswith("gemma")))
    return model


def permuted(weight, heads):
    """As llama.cpp orders the rows of queries and keys of a Llama."""
    return weight.reshape(heads, 2, weight.shape[0] // heads // 2, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


def write(path, model, architecture, tokenizer, kind="F32", extra=None, values=None, template=TEMPLATE):
    """A file as llama.cpp's converter writes it, its matrices quantized as `kind`; `extra` metadata and tensors `values`."""
    config = model.config
    writer = gguf.GGUFWriter(path, architecture)
    for key, name in METADATA.items():
        writer.add_uint32(f"{architecture}.{key}", getattr(config, name))
    writer.add_float32(f"{architecture}.attention.layer_norm_rms_epsilon", config.rms_norm_eps)
    rope = config.rope_parameters
    writer.add_float32(f"{architecture}.rope.freq_base", rope.get("full_attention", rope)["rope_theta"])
    if architecture == "llama":
        writer.add_uint32("llama.rope.dimension_count", config.head_dim)
    else:
        writer.add_uint32(f"{architecture}.attention.key_length", getattr(config, "head_dim", None) or 8)
        writer.add_uint32(f"{architecture}.attention.value_length", getattr(config, "head_dim", None) or 8)
    if architecture.startswith("gemma"):
        writer.add_uint32(f"{architecture}.attention.sliding_window", config.sliding_window)
    for key, value in (extra or {}).items():
        add = {str: writer.add_string, int: writer.add_uint32, float: writer.add_float32, bool: writer.add_bool}
        add[type(value)](key, value)
    tokenizer.write(writer)
    if template:
        writer.add_chat_template(template)
    arch = next(key for key, name in gguf.MODEL_ARCH_NAMES.items() if name == architecture)
    names = gguf.get_tensor_name_map(arch, config.num_hidden_layers)
    quantization = gguf.GGMLQuantizationType[kind]
    for key, weight in model.state_dict().items():
        if key == "lm_head.weight" and config.tie_word_embeddings:
            continue
        numbers = weight.float().numpy()
        if architecture == "llama" and "q_proj" in key:
            numbers = permuted(numbers, config.num_attention_heads)
        if architecture == "llama" and "k_proj" in key:
            numbers = permuted(numbers, config.num_key_value_heads)
        if architecture.startswith("gemma") and "norm" in key:
            numbers = numbers + 1
        name = names.get_name(key, try_suffixes=(".weight", ".bias"))
        if numbers.ndim == 1 or kind == "F32":
            writer.add_tensor(name, numbers.astype(np.float32))
        else:
            writer.add_tensor(name, gguf.quantize(numbers, quantization), raw_dtype=quantization)
    for name, numbers in (values or {}).items():
        writer.add_tensor(name, np.asarray(numbers, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def logits(model, length=40):
    """Of a text long enough for windows and scaled positions to tell."""
    tokens = torch.arange(length * 7)[None] % model.config.vocab_size
    return model(tokens).logits


TOKENIZERS = {name: SentencePiece(prefixed=False) if name.startswith("gemma") else ByteLevel() for name in ARCHITECTURES}
KINDS = [*TOKENIZERS.items(), ("llama", SentencePiece(prefixed=True))]


@pytest.mark.parametrize(
    ("architecture", "tokenizer", "tied"),
    [(*kind, tied) for kind in KINDS for tied in (True, False) if tied or kind[0] != "gemma2"],  # which has no other
)
def test_a_converted_model_computes_what_the_original_does(architecture, tokenizer, tied, tmp_path):
    model = original(architecture, tokenizer, tie_word_embeddings=tied)
    if architecture == "qwen2":
        model.model.layers[0].self_attn.q_proj.bias.copy_(torch.rand(32))
    path = write(tmp_path / "model.gguf", model, architecture, tokenizer)
    assert problem_of(path) is None
    convert(path, tmp_path / "folder", tmp_path / "cache")
    found, read = load_model(tmp_path / "folder")
    torch.testing.assert_close(logits(found), logits(model), rtol=1e-4, atol=1e-4)
    assert found.config.tie_word_embeddings is tied
    assert found.config.max_position_embeddings == read.model_max_length == 16384
    vocabulary = tokenizer.vocabulary
    assert ends(found, read) == sorted([vocabulary["<|im_end|>"], vocabulary["<|endoftext|>"]])
    assert read.decode(chat_prompt(read, "free")) == "<|im_start|>free<|im_end|><|im_start|>"
    for text in TEXTS:
        if text.startswith("<|") and isinstance(tokenizer, SentencePiece):
            assert read(text)["input_ids"][::2] == [1, vocabulary["a"]]
        else:
            assert read(text)["input_ids"] == tokenizer.encode(text), text


@pytest.mark.parametrize(("kind", "dtype"), [("F32", "float32"), ("F16", "float16"), ("BF16", "bfloat16"), ("Q8_0", "float32")])
def test_weights_lose_nothing_in_the_type_they_are_kept_in(kind, dtype, tokenizer, tmp_path):
    model = original("llama", tokenizer)
    quantization = gguf.GGMLQuantizationType[kind]
    halved = getattr(torch, dtype)
    for key, weight in model.state_dict().items():
        if weight.ndim > 1 and kind != "F32":
            weight.copy_(torch.from_numpy(gguf.dequantize(gguf.quantize(weight.numpy(), quantization), quantization)))
        if "norm" in key:
            weight.copy_(weight.to(halved))
    path = write(tmp_path / "model.gguf", model, "llama", tokenizer, kind)
    convert(path, tmp_path / "folder", tmp_path / "cache")
    found = AutoModelForCausalLM.from_pretrained(tmp_path / "folder")
    assert found.dtype == halved
    wanted = model.state_dict()
    for key, weight in found.state_dict().items():
        assert torch.equal(weight.float(), wanted[key]), key
    told = json.loads((tmp_path / "folder/snapshot.json").read_text(encoding="utf-8"))
    assert (told["gguf"], told["dtype"]) == ("model.gguf", dtype)
    assert told["types"] == ({"F32": 5, kind: 16} if kind != "F32" else {"F32": 21})
    assert set(told["versions"]) == {"gguf", "transformers"}


def test_half_precision_that_would_lose_something_is_not_taken(tokenizer, tmp_path):
    path = write(tmp_path / "model.gguf", original("llama", tokenizer), "llama", tokenizer, "BF16")  # norms are in 32 bits
    convert(path, tmp_path / "a", tmp_path / "cache")
    convert(path, tmp_path / "b", tmp_path / "cache", dtype="bfloat16")
    found = [AutoModelForCausalLM.from_pretrained(tmp_path / name).dtype for name in "ab"]
    assert found == [torch.float32, torch.bfloat16]


def test_nothing_is_converted_twice(tokenizer, tmp_path, monkeypatch):
    path = write(tmp_path / "model.gguf", original("llama", tokenizer), "llama", tokenizer)
    convert(path, tmp_path / "one", tmp_path / "cache")
    first = fingerprint(tmp_path / "one")
    done = []
    monkeypatch.setattr("isogloss.models.gguf.read_model", lambda *args: done.append(args) or 1 / 0)
    shutil.copy(path, tmp_path / "renamed.gguf")
    convert(tmp_path / "renamed.gguf", tmp_path / "two", tmp_path / "cache")
    assert fingerprint(tmp_path / "two") == first
    assert not done
    damaged = next((tmp_path / "cache").glob("*/model.safetensors"))
    damaged.write_bytes(damaged.read_bytes()[:-8])
    with pytest.raises(ZeroDivisionError):
        convert(path, tmp_path / "two", tmp_path / "cache")
    assert not list((tmp_path / "cache").glob(".*")), "no drafts are left"


def test_an_interrupted_conversion_leaves_nothing_that_looks_whole(tokenizer, tmp_path, monkeypatch):
    path = write(tmp_path / "model.gguf", original("llama", tokenizer), "llama", tokenizer)

    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("isogloss.models.gguf.read_model", interrupted)
    with pytest.raises(KeyboardInterrupt):
        convert(path, tmp_path / "folder", tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())
    assert not (tmp_path / "folder").exists()


def llama3(factor, theta=500000.0, width=8):
    """What llama.cpp writes for Llama 3.1 (https://github.com/ggml-org/llama.cpp/blob/master/convert_hf_to_gguf.py)."""
    found = []
    for i in range(0, width, 2):
        length = 2 * np.pi * theta ** (i / width)
        if length < 8192 / 4:
            found.append(1.0)
        elif length > 8192:
            found.append(factor)
        else:
            smooth = (8192 / length - 1) / 3
            found.append(1 / ((1 - smooth) / factor + smooth))
    return found


@pytest.mark.parametrize("factor", [8.0, 32.0])
def test_positions_of_llama_3_1_are_scaled(factor, tokenizer, tmp_path):
    rope = {"rope_theta": 500000.0, "rope_type": "llama3", "factor": factor, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
    model = original("llama", tokenizer, rope_parameters=rope | {"original_max_position_embeddings": 8192})
    path = write(tmp_path / "model.gguf", model, "llama", tokenizer, values={"rope_freqs.weight": llama3(factor)})
    convert(path, tmp_path / "folder", tmp_path / "cache")
    found = load_model(tmp_path / "folder")[0]
    torch.testing.assert_close(logits(found), logits(model), rtol=1e-4, atol=1e-4)
    bare = original("llama", tokenizer, rope_parameters={"rope_theta": 500000.0, "rope_type": "default"})
    assert not torch.allclose(logits(bare), logits(model), rtol=1e-2, atol=1e-2), "the test could not fail"


def test_other_factors_are_refused():
    assert llama3_scaling(llama3(8.0, width=64), 500000.0)["factor"] == 8
    with pytest.raises(GGUFError, match="scales positions in a way"):
        llama3_scaling([1.0, 1.0, 2.0, 8.0], 500000.0)


@pytest.mark.parametrize(
    ("extra", "rope"),
    [
        ({"type": "linear", "factor": 4.0}, {"rope_type": "linear", "factor": 4.0}),
        (
            {"type": "yarn", "factor": 4.0, "original_context_length": 64},
            {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64},
        ),
    ],
)
def test_positions_that_metadata_scale(extra, rope, tokenizer, tmp_path):
    model = original("qwen2", tokenizer, rope_parameters={"rope_theta": 10000.0} | rope)
    told = {f"qwen2.rope.scaling.{key}": value for key, value in extra.items()}
    path = write(tmp_path / "model.gguf", model, "qwen2", tokenizer, extra=told)
    convert(path, tmp_path / "folder", tmp_path / "cache")
    torch.testing.assert_close(logits(load_model(tmp_path / "folder")[0]), logits(model), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("extra", "values", "message"),
    [
        ({"llama.expert_count": 8}, {}, r"says llama.expert_count = 8, which is not read"),
        ({"llama.rope.scaling.type": "longrope"}, {}, r"rope.scaling.type = longrope"),
        ({"llama.attention.value_length": 4}, {}, "value_length = 4 with heads of 8"),
        ({}, {"blk.0.attn_q_norm.weight": [1.0] * 8}, r"of the file's 28,000 weights"),
    ],
)
def test_what_would_be_lost_is_refused(extra, values, message, tokenizer, tmp_path):
    model = original("llama", tokenizer)
    path = write(tmp_path / "model.gguf", model, "llama", tokenizer, extra=extra, values=values)
    message = message.replace("28,000", f"{sum(p.numel() for p in model.parameters()) + 8:,}")
    with pytest.raises(GGUFError, match=message):
        convert(path, tmp_path / "folder", tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


def test_files_that_are_no_models(tokenizer, tmp_path):
    model = original("llama", tokenizer)
    path = write(tmp_path / "model.gguf", model, "llama", tokenizer)
    whole = path.read_bytes()

    def file(name, content=whole):
        (tmp_path / name).write_bytes(content)
        return problem_of(tmp_path / name)

    def written(name="other.gguf", architecture="llama", **metadata):
        return problem_of(write(tmp_path / name, model, architecture, tokenizer, **metadata))

    assert problem_of(path) is None
    assert "there is no" in problem_of(tmp_path / "none.gguf")
    assert "does not begin with GGUF" in file("pickle.gguf", b"\x80\x02" + whole)
    assert "no GGUF file: it has 3 bytes" in file("empty.gguf", b"GGU")
    assert f"cut short: it has {len(whole) - 100:,} of {len(whole):,} bytes" in file("short.gguf", whole[:-100])
    assert "cut short or damaged" in file("shorter.gguf", whole[:900])
    assert "not read (1)" in file("old.gguf", whole[:4] + struct.pack("<I", 1) + whole[8:])
    assert "one part of several; join them with llama-gguf-split" in file("m-00001-of-00003.gguf")
    assert "sees or hears" in file("mmproj-model.gguf")
    assert "one part of several" in written(extra={"split.count": 3})
    assert "an adapter, not a model" in written(extra={"general.type": "adapter"})
    assert "sees or hears" in written(extra={"general.type": "mmproj"})
    assert "the architecture mamba; of GGUF files gemma2" in file("mamba.gguf", whole.replace(b"llama", b"mamba"))
    assert "the tokenizer gpt2 (tekken)" in problem_of(write(tmp_path / "t.gguf", model, "llama", ByteLevel("tekken")))
    vocabulary = gguf.GGUFWriter(tmp_path / "vocabulary.gguf", "llama")
    vocabulary.add_tokenizer_model("gpt2")
    for step in (vocabulary.write_header_to_file, vocabulary.write_kv_data_to_file, vocabulary.write_tensors_to_file):
        step()
    vocabulary.close()
    assert "a vocabulary without weights" in problem_of(tmp_path / "vocabulary.gguf")


def checked(raw_config, languages, section="models", **entry):
    """The config with an entry, if nothing is wrong with it."""
    named = raw_config.get(section, {}) | {"m": {"provider": "transformers"} | entry}
    return load_config(raw_config | {section: named}, languages)


def test_in_the_config(raw_config, languages, tokenizer, tmp_path):
    model = original("llama", tokenizer)
    path = write(tmp_path / "model.gguf", model, "llama", tokenizer)
    config = checked(raw_config, languages, path=str(path))
    assert plan.converted(config) == ["m"]
    assert (plan.model_folder(config, "m"), plan.downloaded(config)) == ("results/models/m", [])
    hub = {"hub": "org/name", "revision": "0" * 40}
    config = checked(raw_config, languages, file="q4/model.gguf", **hub)
    assert (plan.converted(config), plan.downloaded(config)) == (["m"], [])
    bare = write(tmp_path / "bare.gguf", model, "llama", tokenizer, template=None)
    seq2seq = {"provider": "seq2seq", "codes": "nllb", "section": "translators"}
    for entry, message in [
        ({"path": str(tmp_path)}, f"models.m.path: {tmp_path} has no config.json, but GGUF files; write path: {bare}"),
        ({"path": str(bare)}, "has no chat template, so it is not known how the model is asked; add chat: plain or chat: alpaca"),
        ({"path": str(tmp_path / "none.gguf")}, "there is no "),
        ({"file": "model.gguf", "path": str(path)}, "file: names one of a repository; write path: FOLDER/model.gguf"),
        (hub | {"file": "model.bin"}, "models.m.file: must be a GGUF file of the repository; write file: NAME.gguf"),
        (hub | {"file": "m-00001-of-00002.gguf"}, "models.m.file: m-00001-of-00002.gguf is one part of several"),
        (seq2seq | {"path": str(path)}, "translators.m.path: .* is a GGUF file, which translators are not read from"),
    ]:
        with pytest.raises(ConfigError, match=message):
            checked(raw_config, languages, **entry)


# Tokenizers of real models, as their makers publish them.


def as_file(folder, path, pre):
    """A file with the vocabulary of a published byte-level tokenizer, as llama.cpp writes it, and hardly any weights."""
    made = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    added = {token["content"]: token for token in made["added_tokens"]}
    vocabulary = made["model"]["vocab"] | {text: token["id"] for text, token in added.items()}
    tokens = sorted(vocabulary, key=vocabulary.get)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(8192)
    writer.add_block_count(1)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types([1 if token not in added else 3 if added[token]["special"] else 4 for token in tokens])
    writer.add_token_merges([pair if isinstance(pair, str) else " ".join(pair) for pair in made["model"]["merges"]])
    published = AutoTokenizer.from_pretrained(folder)
    writer.add_eos_token_id(published.eos_token_id)
    if published.bos_token_id is not None:
        writer.add_bos_token_id(published.bos_token_id)
    writer.add_tensor("token_embd.weight", np.zeros((len(tokens), 1), dtype=np.float32))
    for step in (writer.write_header_to_file, writer.write_kv_data_to_file, writer.write_tensors_to_file):
        step()
    writer.close()
    return published


@pytest.mark.parametrize(("name", "pre"), [("llama-3.1", "llama-bpe"), ("qwen3", "qwen2"), ("gemma-3", None)])
@pytest.mark.skipif(not (REAL / "tokenizers").is_dir(), reason="ISOGLOSS_REAL_MODELS names no folder with tokenizers")
def test_tokens_are_those_of_the_published_tokenizer(name, pre, tmp_path):
    from isogloss.models.gguf_tokenizer import read_tokenizer, save_tokenizer

    if pre:
        published = as_file(REAL / "tokenizers" / name, tmp_path / "model.gguf", pre)
    else:  # for the file of a real model
        published = AutoTokenizer.from_pretrained(REAL / "tokenizers" / name)
        (tmp_path / "model.gguf").symlink_to(REAL / "gemma-3-270m.gguf")
    header = read_header(tmp_path / "model.gguf")
    save_tokenizer(read_tokenizer(tmp_path, "model.gguf", header), tmp_path / "made", header.tokens)
    made = AutoTokenizer.from_pretrained(tmp_path / "made")
    phrasebooks = [str(yaml.safe_load(path.read_text(encoding="utf-8"))) for path in Path("data/phrasebook").glob("*.yaml")]
    assert len(phrasebooks) > 15
    added = [token for token, number in published.added_tokens_encoder.items() if number < header.tokens]
    for text in [*TEXTS, *phrasebooks, *(f"a{token} {token}b" for token in [*added, "<|endoftext|>"])]:
        assert made(text)["input_ids"] == published(text)["input_ids"], text
        assert made.decode(made(text)["input_ids"]) == published.decode(published(text)["input_ids"])


@pytest.mark.skipif(not (REAL / "smollm2-135m-instruct.gguf").is_file(), reason="ISOGLOSS_REAL_MODELS names no folder with it")
def test_a_real_model_says_what_it_says_unconverted(tmp_path):
    convert(REAL / "smollm2-135m-instruct.gguf", tmp_path / "folder", tmp_path / "cache")
    model, tokenizer = load_model(tmp_path / "folder")
    bare = AutoModelForCausalLM.from_pretrained(REAL, gguf_file="smollm2-135m-instruct.gguf", dtype=torch.float32)
    tokens = torch.tensor([chat_prompt(tokenizer, "What is the capital of France?")])
    said = [each.generate(tokens, max_new_tokens=12, do_sample=False)[0, tokens.shape[1] :] for each in (model, bare)]
    assert torch.equal(*said)
    assert tokenizer.decode(said[0], skip_special_tokens=True) == "The capital of France is Paris."
    assert tokenizer.tokenize("2024") == list("2024"), "each digit is a token"
