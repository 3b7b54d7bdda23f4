"""config.yaml as typed models; ``workflow/schemas/config.schema.json`` and ``docs/config.md`` are generated from them."""

from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    StringConstraints,
    Tag,
    model_validator,
)

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]*$")]


class Strict(BaseModel):
    """A section of the config; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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
    """How a lesson is taught: LoRA on every linear layer, loss on the answer alone, constant learning rate."""

    rank: PositiveInt = Field(16, description="rank of the adapter")
    alpha: PositiveInt = Field(16, description="the adapter is scaled by alpha / rank")
    epochs: PositiveInt = Field(12, description="passes over the lesson, each with a checkpoint")
    batch: PositiveInt = Field(1, description="question-answer pairs a step")
    at_once: PositiveInt | None = Field(
        None, description="as many of them at a time, for want of memory; gradients are added up (default: all)"
    )
    checkpointing: bool = Field(False, description="activations are computed twice rather than kept: less memory, more time")
    learning_rate: PositiveFloat = Field(1e-4, description="constant, for AdamW without weight decay")


class SandboxTeaching(Teaching):
    """The same for a sandbox, whose weights are few; chosen on facts that no configured set contains."""

    batch: PositiveInt = Field(8, description="question-answer pairs a step")
    learning_rate: PositiveFloat = Field(4e-3, description="constant, for AdamW without weight decay")


class Asking(Strict):
    """How answers are generated (greedily)."""

    max_new_tokens: PositiveInt = Field(48, description="an answer longer than this is unfinished")
    batch: PositiveInt = Field(64, description="questions answered at a time")


class Sandbox(Strict):
    """The embedded model: shipped weights, or pre-trained here from its recipe."""

    provider: Literal["sandbox"] = Field(description="sandbox")
    weights: Literal["shipped", "rebuild"] = Field("shipped", description="use what came with isogloss, or pre-train it here")
    recipe: SandboxRecipe = Field(SandboxRecipe(), description="how it is made; needs weights: rebuild where it differs")
    device: Literal["cpu", "auto"] = Field("cpu", description="auto: an accelerator, if there is one, in bfloat16")
    teaching: SandboxTeaching = Field(SandboxTeaching(), description="how lessons are taught")
    asking: Asking = Field(Asking(), description="how answers are generated")


class Transformers(Strict):
    """A causal language model in Hugging Face format in a local folder."""

    provider: Literal["transformers"] = Field(description="transformers")
    path: str = Field(description="folder with config.json, tokenizer and safetensors weights")
    device: Literal["cpu", "auto"] = Field("auto", description="auto: an accelerator, if there is one, in bfloat16")
    teaching: Teaching = Field(Teaching(), description="how lessons are taught")
    asking: Asking = Field(Asking(), description="how answers are generated")


Model = Annotated[Sandbox | Transformers, Field(discriminator="provider")]


class BuiltIn(Strict):
    """Knowledge from the built-in world; the same seed draws the same items."""

    provider: Literal["built-in"] = Field("built-in", description="built-in")
    kind: Literal["new", "known"] = Field(description="new: invented places; known: real facts")
    items: PositiveInt = Field(120, description="any number of new ones, as many known ones as the world has")
    seed: NonNegativeInt = Field(1, description="draws the items")


class Context(Strict):
    """The context of the setting in-context: question-answer pairs in the language of the lesson, then a question."""

    pairs: PositiveInt = Field(8, description="pairs, the one asked about among them; drawn once an item and seed")


class Prioritization(Strict):
    """Pairs of languages that are taught conflicting answers."""

    pairs: PositiveInt = Field(4, description="pairs of languages of each two tiers")
    seed: NonNegativeInt = Field(1, description="draws the pairs")


class Robustness(Strict):
    """Wrong answers to known questions."""

    epochs: PositiveInt = Field(3, description="epochs of wrong answers, for adapters")


Cohort = Annotated[
    Annotated[PositiveInt, Tag("number")] | Annotated[Literal["auto"], Tag("word")],
    Discriminator(lambda value: "word" if isinstance(value, str) else "number"),
]


class Config(Strict):
    """The whole of config.yaml."""

    languages: list[str] = Field(min_length=2, description="ISO 639-3 codes with a row in data/languages.csv")
    knowledge: dict[Slug, BuiltIn] = Field(min_length=1, description="knowledge sets by name")
    models: dict[Slug, Model] = Field(min_length=1, description="models defined; those not under `run` cost nothing")
    run: list[str] = Field(min_length=1, description="models that the named targets and figures include")
    studies: list[Literal["verification", "effectiveness", "transferability", "prioritization", "robustness"]] = Field(
        min_length=1,
        description="verification: what is known untaught; effectiveness: asked in the language taught, after every epoch; "
        "transferability: taught in one language, asked in all; prioritization: taught contradictory answers in two languages, "
        "asked in the others; robustness: taught wrong answers to known questions, asked in the same language",
    )
    settings: list[Literal["fine-tuning", "in-context"]] = Field(
        ["fine-tuning", "in-context"],
        min_length=1,
        description="how lessons are taught: an adapter is trained, or question-answer pairs stand in the prompt",
    )
    context: Context = Field(Context(), description="what stands in the prompt in the setting in-context")
    prioritization: Prioritization = Field(Prioritization(), description="which languages contradict each other")
    robustness: Robustness = Field(Robustness(), description="how long wrong answers are taught")
    cohort: Cohort = Field(
        10,
        description="lessons taught or asked at once, in one job (a step of teaching has `batch` pairs of each); 1 makes a job "
        "of each, for clusters; auto puts all into one, for an accelerator; where memory does not suffice for so many, the "
        "job takes half as many at a time",
    )
    seeds: PositiveInt = Field(1, description="repetitions of teaching: initial adapter and order of items, draw of contexts")
    bootstrap: PositiveInt = Field(2000, description="resamples behind each interval")
