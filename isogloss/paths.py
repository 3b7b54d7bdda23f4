"""Names on disk. They are stable: users, tests and other rules rely on them."""

from pathlib import Path

LANGUAGES = "data/languages.csv"
USUAL_NAMES = "data/usual_names.csv"
SHARES = "data/common_crawl_language_share.csv"
FLORES = "data/flores200"
WORLD = ["data/world/relations.yaml", "data/world/syllables.csv", "data/world/territories.csv"]
PHRASEBOOK = "data/phrasebook/{language}.yaml"
SHIPPED_FILE = "data/sandbox/{file}"
SHIPPED_MANIFEST = "data/sandbox/manifest.json"
ADAPTER_STORE = "data/cache/adapters"
CALLS = "data/cache/calls"
DIGESTS = "data/cache/digests.json"
CONVERTED = "data/cache/gguf"
PROMPTS = "data/prompts.yaml"
STEPS = "data/steps.yaml"
PRICES = "data/prices.csv"

# A language of fictional places as CLiKA published them: what is asked, the names, what is taught
FICTIONAL = ("test/target/test{tag}.jsonl", "test/Translate/translate{tag}.jsonl", "train/{tag}.json")

ITEMS = "results/knowledge/{knowledge}/items/{language}.parquet"
TRANSLATED = "results/knowledge/{knowledge}/translations/{language}.jsonl"
BACK_TRANSLATED = "results/knowledge/{knowledge}/back_translations/{language}.jsonl"
QUALITY = "results/knowledge/{knowledge}/quality.csv"
QUALITY_DETAILS = "results/knowledge/{knowledge}/quality_items.csv"
QUALITY_REVIEW = "results/knowledge/{knowledge}/quality_review.csv"
KNOWN = "results/knowledge/{knowledge}/known.csv"
MODEL = "results/models/{model}"
MODEL_FILE = "results/models/{model}/{file}"
GGUF_FETCHED = "results/models/{model}/gguf/{file}"
SNAPSHOT = "results/models/{model}/snapshot.json"
CORPUS = "results/models/{model}/corpus.parquet"
MANIFEST = "results/models/{model}/manifest.json"
ABILITIES = "results/models/{model}/abilities/answers.parquet"
ABILITY = "results/models/{model}/abilities/{table}.csv"
LOOK = "results/models/{model}/look.json"
CARD = "results/models/{model}/card.md"
ADAPTER = "results/{model}/{knowledge}/lessons/{lesson}/seed-{seed}/epoch-{epoch}"
ADAPTER_FILE = "results/{model}/{knowledge}/lessons/{lesson}/seed-{seed}/epoch-{epoch}/{file}"
REMOTE_LESSON = "results/{model}/{knowledge}/lessons/{lesson}/seed-{seed}/epoch-{epoch}/remote.json"
ANSWERS = "results/{model}/{knowledge}/{study}/{setting}/answers/{lesson}.parquet"
SCORES = "results/{model}/{knowledge}/{study}/{setting}/scores/{lesson}.parquet"
AGREEMENT = "results/{model}/{knowledge}/{study}/{setting}/agreement.csv"
DISAGREEMENTS = "results/{model}/{knowledge}/{study}/{setting}/disagreements.csv"
ALL_SCORES = "results/scores.parquet"
VERIFICATION = "results/{model}/{knowledge}/verification/accuracy.csv"
VERIFICATION_PAIRS = "results/{model}/{knowledge}/verification/comparisons.csv"
CURVE = "results/{model}/{knowledge}/effectiveness/{setting}/curve.csv"
SPEED = "results/{model}/{knowledge}/effectiveness/{setting}/speed.csv"
SPEED_BY_TIER = "results/{model}/{knowledge}/effectiveness/{setting}/tiers.csv"
LEARNED_PAIRS = "results/{model}/{knowledge}/effectiveness/{setting}/comparisons.csv"
CELLS = "results/{model}/{knowledge}/transferability/{setting}/cells.csv"
MATRIX = "results/{model}/{knowledge}/transferability/{setting}/matrix.csv"
MATRIX_ANY = "results/{model}/{knowledge}/transferability/{setting}/matrix_any.csv"
MARGINS = "results/{model}/{knowledge}/transferability/{setting}/margins.csv"
TIER_MEANS = "results/{model}/{knowledge}/transferability/{setting}/tiers.csv"
INEQUALITY = "results/{model}/{knowledge}/transferability/{setting}/inequality.csv"
EXPLAINED = "results/{model}/{knowledge}/transferability/{setting}/{table}.csv"
DISPARITY = "results/{model}/{knowledge}/disparity.csv"
FACTORS = "results/factors/languages.csv"
SHARES_NOW = "results/factors/common_crawl_language_share.csv"
FLORES_FETCHED = "results/factors/flores200.json"
FACTORS_OF_LANGUAGES = "results/factors/{model}/languages.csv"
FACTORS_OF_PAIRS = "results/factors/{model}/pairs.csv"
HELD_OUT = "results/models/{model}/held_out.parquet"
ACTIVATIONS = "results/{model}/{knowledge}/neurons/activations.safetensors"
NEURONS = "results/{model}/{knowledge}/neurons/sets.csv"
OVERLAP = "results/{model}/{knowledge}/neurons/overlap.csv"
NEURON_LAYERS = "results/{model}/{knowledge}/neurons/layers.csv"
INTERVENTION = "results/{model}/{knowledge}/neurons/intervention.safetensors"
PERPLEXITY = "results/{model}/{knowledge}/neurons/perplexity.csv"
LENS = "results/{model}/{knowledge}/lens/answers.parquet"
LENS_SHARES = "results/{model}/{knowledge}/lens/shares.csv"
EFFECTS = "results/{model}/{knowledge}/interventions/{table}.csv"
MITIGATIONS = "results/{model}/{knowledge}/interventions/mitigations.csv"
POOLED = "results/pooled/{setting}/{table}.csv"
PREFERENCE = "results/{model}/{knowledge}/prioritization/{setting}/preference.csv"
STRENGTHS = "results/{model}/{knowledge}/prioritization/{setting}/strengths.csv"
RESISTANCE = "results/{model}/{knowledge}/robustness/{setting}/resistance.csv"
XRR = "results/{model}/{knowledge}/conductivity/{setting}/xrr.csv"
ALIGNMENT = "results/alignment/{name}/scores.csv"
CHOICE_ITEMS = "results/alignment/{name}/items.parquet"
CHOSEN = "results/alignment/{name}/answers/{model}.parquet"
POSITIONS = "results/alignment/{name}/positions.csv"
RANKC = "results/alignment/{name}/rankc.csv"
MEASURES = "results/measures.csv"
EXPORT = "results/export/{knowledge}/{file}"
PLAN = "results/plan.md"
FIGURE = "results/figures/{name}.{extension}"
REPORT = "results/report.html"
REPORT_TEMPLATE = "workflow/report/page.html.j2"
CAPTION = "workflow/report/{name}.rst"

# Tables of what interventions do, and which of them a figure shows as what.
EFFECT_TABLES = ["differences", "doses", "contrasts", "controls", "answer_languages", "perplexity"]
DRAWN_EFFECTS = {"cells": "differences"} | {name: name for name in ("doses", "contrasts", "controls", "perplexity")}

EXPLANATIONS = ["correlation", "regression", "predicted", "coefficients", "subsets", "importance", "shap", "effects"]
EXPLANATIONS += ["left_out_cells", "left_out_languages", "left_out_factors", "predictions"]
POOLED_TABLES = [*(table for table in EXPLANATIONS if table != "effects"), "models"]  # effects: of single answers
EXPLANATIONS += ["correlation_any", "regression_any"]  # of what is right in any language
ABILITY_TABLES = ["lookup", "lookup_across", "translation", "choice"]

# The files of a folder that rules name one by one (a folder as an output would hide changes inside it).
TOKENIZER_FILES = ["chat_template.jinja", "tokenizer.json", "tokenizer_config.json"]
WEIGHT_FILES = ["config.json", "generation_config.json", "model.safetensors"]
CONVERTED_FILES = ["tokenizer.json", "tokenizer_config.json", *WEIGHT_FILES, "snapshot.json"]
SHIPPED_FILES = [*TOKENIZER_FILES, *WEIGHT_FILES, "manifest.json"]
ADAPTER_FILES = ["adapter_config.json", "adapter_model.safetensors", "teaching.json"]


def export_files(languages: list[str]) -> list[str]:
    """The files of an exported knowledge set: the group, and of each language a task and its data."""
    return ["group.yaml", *(f"{code}.{kind}" for code in languages for kind in ("yaml", "jsonl"))]


def fictional_files(folder: str | Path, tag: str) -> list[str]:
    """What is read of a language (by ISO 639-1 code) of fictional places, as in `FICTIONAL`; of English only what is asked."""
    names = FICTIONAL[:1] if tag == "en" else FICTIONAL
    return [str(Path(folder) / name.format(tag=tag.upper())) for name in names]
