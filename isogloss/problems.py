"""What is wrong with a config that only the language table, the file system or two keys together can show."""

import difflib
from pathlib import Path

from isogloss.config import Config, Generated, Remote, Sandbox, SentenceTransformer, Source
from isogloss.intervention_problems import intervention_problems
from isogloss.languages import Language
from isogloss.models.folder import folder_problems
from isogloss.models.gguf_header import has_chat_template, is_gguf, problem_of, problem_of_name
from isogloss.paths import FLORES, SHARES_NOW, fictional_files
from isogloss.plan import ENGLISH, STUDIES, fictional, knowledge_of, lessons_of, measured, own_languages, runnable, sources

# Folders of results/ that a model's key must not be mistaken for.
RESERVED = ("knowledge", "models", "factors", "alignment", "pooled", "figures", "logs", "benchmarks")
TABLES = (".json", ".csv", ".jsonl", ".parquet")  # what knowledge can be read from, beside folders
CHOICE_TABLES = TABLES[1:]


def problems_of(raw: dict, config: Config | None, languages: dict[str, Language]) -> list[tuple[tuple, str]]:
    """Each problem with its path in the config."""
    problems: list[tuple[tuple, str]] = []
    seen: set[str] = set()
    codes = raw.get("languages")
    for i, code in enumerate(codes if isinstance(codes, list) else []):
        if not isinstance(code, str):
            continue
        if code in seen:
            problems.append((("languages", i), f"{code} is listed twice; remove one"))
        elif code not in languages:
            problems.append((("languages", i), f"no language has the code {code!r}; {_suggest(code, languages)}"))
        seen.add(code)
    models, translators = _section(raw, "models"), _section(raw, "translators")
    for section, entries in (("models", models), ("translators", translators)):
        for key, entry in entries.items():
            if key in RESERVED:
                problems.append(((section, key), f"{key!r} is the name of a folder of results; write {key}-model:"))
            path = entry.get("path") if isinstance(entry, dict) else None
            if isinstance(path, str):
                problems += [((section, key, "path"), text) for text in _weights(section, entry, path)]
            name = entry.get("file") if isinstance(entry, dict) else None
            if isinstance(name, str) and (text := problem_of_name(name)):
                problems.append(((section, key, "file"), text))
    for key, entry in _section(raw, "predictions").items():
        path = entry.get("path") if isinstance(entry, dict) else None
        if isinstance(path, str) and not Path(path).exists():
            problems.append((("predictions", key, "path"), f"there is no {path}; write path: FOLDER or TABLE"))
    problems += _choices(raw, config)
    for key, entry in models.items():
        tables = entry.get("transferability") if isinstance(entry, dict) else None
        for setting, table in tables.items() if isinstance(tables, dict) else ():
            if isinstance(table, str) and not Path(table).is_file():
                text = f"there is no {table}; write {setting}: FILE.csv"
                problems.append((("models", key, "transferability", setting), text))
    if "published" in _section(raw, "knowledge"):
        problems.append((("knowledge", "published"), "is the name of matrices that others measured; write another name"))
    for section in ("models", "translators", "knowledge"):
        names: dict[str, str] = {}
        for key in map(str, _section(raw, section)):
            if (other := names.setdefault(key.replace(".", "-"), key)) != key:
                problems.append(((section, key), f"differs from {other} in dots and dashes alone; write another name"))
    for key in set(models) & set(translators):
        problems.append((("translators", key), f"a model is called {key}, too; write {key}-translator:"))
    problems += _knowledge(raw, config, languages)
    problems += _explain(_section(raw, "explain"))
    run = raw.get("run")
    for i, key in enumerate(run if isinstance(run, list) else []):
        if not isinstance(key, str):
            continue
        if key not in models:
            problems.append((("run", i), f"no model is called {key!r}; write one of {', '.join(map(str, models))}"))
        elif run.index(key) < i:
            problems.append((("run", i), f"{key} is listed twice; remove one"))
    for key, model in config.models.items() if config else ():
        swapped = model.recipe.swapped_shares if isinstance(model, Sandbox) else []
        if swapped and (len(set(swapped)) != 2 or len(swapped) != 2 or not set(swapped) <= set(config.languages)):
            text = f"must be two of the languages; write swapped_shares: [{', '.join(config.languages[:2])}]"
            problems.append((("models", key, "recipe", "swapped_shares"), text))
    for study in [study for study in config.studies if not knowledge_of(config, study)] if config else []:
        kind, built_in = STUDIES[study].knowledge[0], "built-in " * STUDIES[study].named
        example = {"new": "fictional", "known": "general"}[kind]
        why = ", of which it has names in every language" if built_in else ""
        problems.append((("knowledge",), f"{study} needs {built_in}{kind} knowledge{why}; add {example}: {{kind: {kind}}}"))
    if config and "prioritization" in config.studies and not problems and not lessons_of(config, "prioritization"):
        problems.append(
            (("languages",), "prioritization needs languages of two tiers; add one of another tier, or drop the study")
        )
    if config and not problems:
        problems += intervention_problems(config)
    problems += _conductivity(config) if config and "conductivity" in config.studies else []
    for key, knowledge in config.knowledge.items() if config and "in-context" in config.settings else ():
        if knowledge.items and knowledge.items < config.context.pairs:
            text = f"has too few items for a context of {config.context.pairs} pairs; write items: {config.context.pairs}"
            problems.append((("knowledge", key, "items"), text))
    return problems


def _conductivity(config: Config) -> list[tuple[tuple, str]]:
    problems: list[tuple[tuple, str]] = []
    if ENGLISH not in config.languages:
        text = f"conductivity is from English; add {ENGLISH}, or drop the study"
        problems.append((("languages",), text))
    remote = [key for key in config.run if isinstance(config.models.get(key), Remote)]
    for key, what in {"layers": "which layers to adapt", "learning_rate": "the learning rate"}.items():
        if getattr(config.conductivity, key) and remote:
            problems.append((("conductivity", key), f"{', '.join(remote)} cannot be told {what}; remove the line"))
    return problems


def _weights(section: str, entry: dict, path: str) -> list[str]:
    """What is wrong with a folder or a file of weights."""
    if is_gguf(path) and not Path(path).is_dir():
        if section == "translators":
            return [f"{path} is a GGUF file, which translators are not read from; write path: FOLDER"]
        if problem := problem_of(path):
            return [problem]
        if entry.get("chat", "template") == "template" and not has_chat_template(path):
            return [f"{path} has no chat template, so it is not known how the model is asked; add chat: plain or chat: alpaca"]
        return []
    if not (Path(path) / "config.json").is_file() and (files := sorted(file for file in Path(path).glob("*") if is_gguf(file))):
        return [f"{path} has no config.json, but GGUF files; write path: {files[0]}"]
    return folder_problems(path)


def _section(raw: dict, name: str) -> dict:
    found = raw.get(name)
    return found if isinstance(found, dict) else {}


def _knowledge(raw: dict, config: Config | None, languages: dict[str, Language]) -> list[tuple[tuple, str]]:
    """Problems of sources, translation and judge."""
    problems: list[tuple[tuple, str]] = []
    for key, entry in _section(raw, "knowledge").items():
        source = entry.get("source") if isinstance(entry, dict) else None
        if isinstance(source, str) and not Path(source).exists():
            problems.append((("knowledge", key, "source"), f"there is no {source}; write source: FILE or FOLDER"))
        elif isinstance(source, str) and not Path(source).is_dir() and Path(source).suffix not in TABLES:
            text = f"{source} is no folder and ends in none of {', '.join(TABLES)}; write source: FILE.csv"
            problems.append((("knowledge", key, "source"), text))
    if config is None:
        return problems
    for key, entry in config.knowledge.items():
        for i, code in enumerate(entry.languages if isinstance(entry, Source) else ()):
            if code in entry.languages[:i]:
                problems.append((("knowledge", key, "languages", i), f"{code} is listed twice; remove one"))
            elif code not in languages:
                problems.append(
                    (("knowledge", key, "languages", i), f"no language has the code {code!r}; {_suggest(code, languages)}")
                )
        lacking = [code for code in config.languages if key in sources(config) and code not in entry.languages]
        if lacking and not config.translation:
            text = f"lacks {', '.join(lacking)}; add translation: {{forward: MODEL, back: MODEL}}, or languages: it has"
            problems.append((("knowledge", key), text))
    for key, entry in fictional(config).items():
        known = [code for code in dict.fromkeys([ENGLISH, *own_languages(config, key)]) if code in languages]
        files = {code: fictional_files(entry.source, languages[code].cldr) for code in known}
        missing = {code: [path for path in of if not Path(path).is_file()] for code, of in files.items()}
        if Path(entry.source).exists() and (paths := [path for of in missing.values() for path in of]):
            has = ", ".join(code for code in config.languages if code in known and not missing[code])
            what = f"{paths[0]}{f' and {len(paths) - 1} more' * (len(paths) > 1)}"
            text = f"there is no {what}; add what is missing, or write languages: [{has}]"
            problems.append((("knowledge", key, "source"), text))
    translating = [*runnable(config), *config.translators]
    for way in ("forward", "back") if config.translation else ():
        name = getattr(config.translation, way)
        if name not in translating:
            text = f"no model or translator is called {name!r}; write one of {', '.join(translating)}"
            problems.append((("translation", way), text))
    embedding = config.translation.embedding if config.translation else None
    if isinstance(embedding, SentenceTransformer) and not (Path(embedding.path) / "modules.json").is_file():
        text = f"{embedding.path} is no folder of a sentence-transformers model (no modules.json there); write path: FOLDER"
        problems.append((("translation", "embedding", "path"), text))
    judging = [key for key, model in config.models.items() if isinstance(model, Remote)]
    for key, entry in config.knowledge.items():
        if isinstance(entry, Generated) and entry.by not in judging:
            text = f"no model with provider openai is called {entry.by!r}; add one under models: {{provider: openai, name: ...}}"
            problems.append((("knowledge", key, "by"), text))
    if config.judge is not None and config.judge not in judging:
        known = f"write one of {', '.join(judging)}" if judging else "add one under models: {provider: openai, name: ...}"
        problems.append((("judge",), f"no model with provider openai is called {config.judge!r}; {known}"))
    if config.judge is None and (config.scoring == "judge" or (config.translation and config.translation.judged)):
        problems.append((("judge",), "is needed; add the line judge: MODEL, one of models with provider openai"))
    return problems


def _explain(section: dict) -> list[tuple[tuple, str]]:
    """Problems of the files that transfer is explained with; what rules fetch need not be there yet."""
    problems: list[tuple[tuple, str]] = []
    shares, flores, morphscore = (section.get(key) for key in ("shares", "flores", "morphscore"))
    if isinstance(shares, str) and shares != SHARES_NOW and not Path(shares).is_file():
        problems.append(
            (("explain", "shares"), f"there is no {shares}; write shares: TABLE.csv, or {SHARES_NOW}, which is fetched")
        )
    if isinstance(flores, str) and flores != FLORES and not (Path(flores) / "dev").is_dir():
        text = f"{flores} is no folder of FLORES-200 (no dev in it); write flores: FOLDER, or {FLORES}, which is fetched"
        problems.append((("explain", "flores"), text))
    if isinstance(morphscore, str) and not list(Path(morphscore).glob("*_morph_data.csv")):
        text = f"{morphscore} is no data folder of MorphScore (no *_morph_data.csv in it); write morphscore: FOLDER"
        problems.append((("explain", "morphscore"), text))
    return problems


def _choices(raw: dict, config: Config | None) -> list[tuple[tuple, str]]:
    """Problems of multiple-choice items."""
    problems: list[tuple[tuple, str]] = []
    for key, entry in _section(raw, "choices").items():
        source = entry.get("source") if isinstance(entry, dict) else None
        if isinstance(source, str) and not Path(source).exists():
            problems.append((("choices", key, "source"), f"there is no {source}; write source: FILE or FOLDER"))
        elif isinstance(source, str) and not Path(source).is_dir() and Path(source).suffix not in CHOICE_TABLES:
            text = f"{source} is no folder and ends in none of {', '.join(CHOICE_TABLES)}; write source: FILE.csv"
            problems.append((("choices", key, "source"), text))
        if key in _section(raw, "predictions"):
            problems.append((("choices", key), f"predictions are called {key}, too; write {key}-choices:"))
    for key, entry in config.choices.items() if config else ():
        if ENGLISH not in config.languages:
            text = f"is measured against English; add {ENGLISH} to languages, or leave it out: {key}: null"
            problems.append((("choices", key), text))
        known = ["best", "own", *measured(config)]
        if entry.reference not in known:
            text = f"no model under run is called {entry.reference!r}; write reference: one of {', '.join(known)}"
            problems.append((("choices", key, "reference"), text))
    return problems


def _suggest(code: str, languages: dict[str, Language]) -> str:
    """The code that was probably meant."""
    for language in languages.values():
        if code.casefold() in (language.name.casefold(), language.cldr.casefold(), language.flores200.casefold()):
            return f"write {language.iso639_3} ({language.name})"
    near = difflib.get_close_matches(code, languages, 1)
    hint = f"did you mean {near[0]} ({languages[near[0]].name})? " if near else ""
    return f"{hint}write one of {', '.join(languages)}, or add a row to data/languages.csv"
