"""The sandbox's card: what it was made of and what it can do, all of it measured."""

import itertools

import polars as pl

from isogloss.languages import TIERS, Language

ROMANCE, HAN = ["fra", "spa", "ita", "por"], ["jpn", "zho"]
# Languages taught and asked whose transfer the card reports beside the whole matrix.
GROUPS = {
    "among Romance languages": (ROMANCE, ROMANCE),
    "between Swedish and Danish": (["swe", "dan"], ["swe", "dan"]),
    "between Japanese and Chinese": (HAN, HAN),
    "from English and Romance languages to Japanese and Chinese": (["eng", *ROMANCE], HAN),
}

SETTINGS = {
    "fine-tuning": ("New facts, taught by fine-tuning", "taught in one language"),
    "in-context": ("New facts, in the prompt", "each among others in the prompt, in one language"),
}

# Columns of the transfer table that the card reports for such a group.
PAIR_COLUMNS = {
    "accuracy": "accuracy",
    "untaught": "untaught",
    "alike": "answers spelled alike",
    "accuracy_alike": "accuracy on those",
    "accuracy_unlike": "on the rest",
}


def write_card(
    model: str, manifest: dict, languages: list[Language], knowledge: dict[str, dict], tables: dict[str, pl.DataFrame]
) -> str:
    """Markdown from the manifest, the knowledge sets by kind (new, known) and the tables `known`, `new` (untaught accuracy),
    `speed` (of learning), the cells of the transfer matrix by setting, and those of the abilities (`paths.ABILITY_TABLES`).

    A table that was not made is left out, and so is its section.
    """
    parts = [f"# {model}", _made(manifest)]
    if "known" in tables:
        parts.append(_known(tables["known"], languages, knowledge))
    for setting in SETTINGS:
        if setting in tables:
            parts += [_taught(setting, tables[setting], languages, knowledge), _pairs(setting, tables[setting], languages)]
    if "speed" in tables:
        parts.append(_speed(tables["speed"], languages))
    parts.append(_lookup(tables["lookup"], tables["lookup_across"], languages))
    if len(tables["translation"]):
        parts.append(_translation(tables["translation"], languages))
    parts.append(_choice(tables["choice"], languages))
    return "\n\n".join(parts) + "\n"


def _made(manifest: dict) -> str:
    training, machine, recipe = manifest["training"], manifest["machine"], manifest["recipe"]
    facts = {
        "architecture": f"Qwen3, {recipe['layers']} layers of width {recipe['width']}, {recipe['heads']} heads",
        "parameters": f"{training['parameters']:,}",
        "vocabulary": f"{recipe['vocabulary']:,} tokens, one BPE trained on the same mix",
        "corpus": f"{training['documents']:,} documents in {len(manifest['languages'])} languages, read once",
        "mix": f"documents proportional to a language's share of the web to the power {recipe['share_exponent']}",
        "left out": f"{training['documents_left_out']:,} documents whose first turn is longer than {recipe['window']} tokens",
        "training": f"{training['tokens']:,} tokens in {training['seconds'] / 60:.0f} minutes",
        "machine": f"{training['threads']} threads of {machine['processor']}, torch {machine['torch']}",
        "seed": recipe["seed"],
    }
    rows = "\n".join(f"| {key} | {value} |" for key, value in facts.items())
    return f"A small language model pre-trained from scratch on a closed world.\n\n| | |\n|---|---|\n{rows}"


def _known(known: pl.DataFrame, languages: list[Language], knowledge: dict) -> str:
    items = knowledge["known"]["items"]
    table = _by_language(known, languages, "accuracy of the untaught model")
    return f"""## Known facts, asked in a phrasing never seen with them

{items} real facts, asked in the corpus in other phrasings; in this one at most translated, never answered.

{_tiers(known, languages)}

{table}"""


def _taught(setting: str, cells: pl.DataFrame, languages: list[Language], knowledge: dict) -> str:
    items = knowledge["new"]["items"]
    diagonal = cells.filter(pl.col("taught_in") == pl.col("asked_in")).rename({"taught_in": "language"})
    off = cells.filter(pl.col("taught_in") != pl.col("asked_in"))
    title, how = SETTINGS[setting]
    seeds = cells["n"].max() // items
    return f"""## {title}

{items} facts about invented places never seen before, {how}, asked in a paraphrase; mean of {seeds} seed{"s" * (seeds > 1)}.

| | accuracy |
|---|---|
| asked in the language taught (mean of {len(diagonal)} languages) | {_percent(diagonal["accuracy"].mean())} |
| asked in another language (mean of {len(off)} pairs) | {_percent(off["accuracy"].mean())} |
| the untaught model | {_percent(off["untaught"].mean())} |
| a guess within the class of the answer | {_percent(off["chance"].mean())} |

{_tiers(diagonal, languages)}

{_by_language(diagonal, languages, "accuracy in the language taught")}"""


def _speed(speed: pl.DataFrame, languages: list[Language]) -> str:
    tier = {language.iso639_3: language.tier for language in languages}
    columns = ["epochs_to_half", "epochs_to_80_percent", "accuracy"]
    rows = []
    for name in TIERS:
        part = speed.filter(pl.col("language").replace_strict(tier) == name)
        if len(part):
            half, most, accuracy = (_mean(part[column].to_list()) for column in columns)
            rows.append(f"| {name} | {_epochs(half)} | {_epochs(most)} | {_percent(accuracy)} |")
    values = {row["language"]: row for row in speed.iter_rows(named=True)}
    each = []
    for language in languages:
        row = values[language.iso639_3]
        interval = f"{_epochs(row['epochs_to_half_low'])} to {_epochs(row['epochs_to_half_high'])}"
        each.append(f"| {language.name} | {language.tier} | {_epochs(row['epochs_to_half'])} | {interval} |")
    return f"""## How fast

Epochs until half, and 80 %, of a language's own best accuracy, between epochs interpolated; means over the languages of a tier.

| tier | epochs to half | to 80 % | accuracy after the last epoch |
|---|---|---|---|
{chr(10).join(rows)}

| language | tier | epochs to half | 95 % interval |
|---|---|---|---|
{chr(10).join(each)}"""


def _pairs(setting: str, cells: pl.DataFrame, languages: list[Language]) -> str:
    codes = {language.iso639_3 for language in languages}
    value = {(row["taught_in"], row["asked_in"]): row for row in cells.iter_rows(named=True)}
    rows = []
    for name, (taught, asked) in GROUPS.items():
        pairs = [(a, b) for a, b in itertools.product(taught, asked) if a != b and {a, b} <= codes]
        if pairs:
            mean = [_mean([value[pair][key] for pair in pairs]) for key in PAIR_COLUMNS]
            rows.append(f"| {name} | {len(pairs)} | " + " | ".join(map(_percent, mean)) + " |")
    if not rows:
        return ""
    head = f"| | pairs | {' | '.join(PAIR_COLUMNS.values())} |\n|---|---|{'---|' * len(PAIR_COLUMNS)}"
    return f"### Transfer between some languages, {setting}\n\n" + "\n".join([head, *rows])


def _lookup(own: pl.DataFrame, across: pl.DataFrame, languages: list[Language]) -> str:
    tier = {language.iso639_3: language.tier for language in languages}
    rows = []
    for (kind, pairs), part in own.group_by("kind", "pairs", maintain_order=True):
        values = {row["language"]: row["accuracy"] for row in part.iter_rows(named=True)}
        means = [_mean([value for code, value in values.items() if tier[code] == name]) for name in TIERS]
        rows.append(f"| {kind} | {pairs} | " + " | ".join(map(_percent, [*means, part["chance"].mean()])) + " |")
    text = f"""## Looking up a context

Question-answer pairs about places never seen before, then a question about one of them in the same language. In a *mixed* context
the relation asked about often tells the answer; in a *single* one all pairs have the same relation and only the name tells.

| context | pairs | {" | ".join(TIERS)} | picking among its relation's answers |
|---|---|{"---|" * len(TIERS)}---|
{chr(10).join(rows)}"""
    if len(across):
        measured, guess = _percent(across["accuracy"].mean()), _percent(across["chance"].mean())
        text += f"""

Between high-tier languages (context in one, question in another, {across["pairs"].max()} pairs, mixed): {measured}
over {len(across)} pairs of languages; picking among the relation's answers would give {guess}."""
    return text


def _translation(table: pl.DataFrame, languages: list[Language]) -> str:
    kinds = table["kind"].unique(maintain_order=True).to_list()
    rows = []
    for name in TIERS:
        codes = [language.iso639_3 for language in languages if language.tier == name]
        part = table.filter(pl.col("language").is_in(codes))
        if len(part):
            means = [f"{part.filter(pl.col('kind') == kind)['chrf'].mean():.1f}" for kind in kinds]
            rows.append(f"| {name} | " + " | ".join(means) + " |")
    return f"""## Translation into English

chrF of unseen names, questions about them and words of the phrasebook, mean over the languages of a tier.

| tier | {" | ".join(kinds)} |
|---|{"---|" * len(kinds)}
{chr(10).join(rows)}"""


def _choice(table: pl.DataFrame, languages: list[Language]) -> str:
    return f"""## Multiple choice

Known facts in a phrasing never answered with them, four options, the likeliest counts; a guess is right
{_percent(table["chance"].mean())} of the time.

{_by_language(table, languages, "accuracy")}"""


def _tiers(table: pl.DataFrame, languages: list[Language]) -> str:
    tier = {language.iso639_3: language.tier for language in languages}
    rows = ["| tier | mean accuracy |", "|---|---|"]
    for name in TIERS:
        values = [row["accuracy"] for row in table.iter_rows(named=True) if tier[row["language"]] == name]
        if values:
            rows.append(f"| {name} | {_percent(sum(values) / len(values))} |")
    return "\n".join(rows)


def _by_language(table: pl.DataFrame, languages: list[Language], title: str) -> str:
    values = {row["language"]: row for row in table.iter_rows(named=True)}
    rows = [f"| language | tier | {title} | 95 % interval |", "|---|---|---|---|"]
    for language in languages:
        row = values[language.iso639_3]
        interval = f"{_percent(row['low'])} to {_percent(row['high'])}"
        rows.append(f"| {language.name} | {language.tier} | {_percent(row['accuracy'])} | {interval} |")
    return "\n".join(rows)


def _mean(values: list[float | None]) -> float | None:
    """Mean of what is there; None of nothing."""
    there = [value for value in values if value is not None]
    return sum(there) / len(there) if there else None


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def _epochs(number: float | None) -> str:
    return "-" if number is None else f"{number:.1f}"
