"""Names on disk. They are stable: users, tests and other rules rely on them."""

LANGUAGES = "data/languages.csv"
SHARES = "data/common_crawl_language_share.csv"
WORLD = ["data/world/relations.yaml", "data/world/syllables.csv", "data/world/territories.csv"]
PHRASEBOOK = "data/phrasebook/{language}.yaml"
SHIPPED = "data/sandbox"
ADAPTER_STORE = "data/cache/adapters"

ITEMS = "results/knowledge/{knowledge}/items/{language}.parquet"
MODEL = "results/models/{model}"
ADAPTER = "results/{model}/{knowledge}/lessons/{lesson}/seed-{seed}/epoch-{epoch}"
ANSWERS = "results/{model}/{knowledge}/{study}/{setting}/answers/{lesson}.parquet"
SCORES = "results/{model}/{knowledge}/{study}/{setting}/scores/{lesson}.parquet"
VERIFICATION = "results/{model}/{knowledge}/verification/accuracy.csv"
TRANSFER = "results/{model}/{knowledge}/transferability/{setting}"
FIGURE = "results/figures/{name}"

# The files of a folder that rules name one by one (a folder as an output would hide changes inside it).
MODEL_FILES = [
    "chat_template.jinja",
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
]
ADAPTER_FILES = ["adapter_config.json", "adapter_model.safetensors"]
