# Where knowledge and multiple choice come from, and who translates.


def fictional_sources(name):
    """What fictional places are read from, in the languages that are wanted."""
    place = plan.fictional(settings)[name].source
    codes = dict.fromkeys([plan.ENGLISH, *plan.own_languages(settings, name)])
    return [path for code in codes for path in paths.fictional_files(place, LANGUAGES[code].cldr)]


def first_built_in(kind, names):
    """The built-in knowledge set of a kind that a sandbox's card is about: the first that is studied, if there is one."""
    sets = [(name, settings.knowledge[name]) for name in names]
    return [name for name, own in sets if own.provider == "built-in" and own.studied and own.kind == kind][:1]


def translating(way):
    """The model or translator that translates `forward` or `back`; None if the config has none."""
    return (settings.models | settings.translators)[getattr(settings.translation, way)] if settings.translation else None


def translator_files(way):
    """Its weights."""
    return model_files(getattr(settings.translation, way)) if settings.translation else []


def translator_contents(way):
    """A digest of them, where they are a folder of the user's."""
    return model_contents(getattr(settings.translation, way)) if settings.translation else None


def flores_contents(split):
    """A digest of the sentences of FLORES-200 in the languages studied, where they are in a folder of the user's."""
    folder = settings.explain.flores
    if folder in (None, paths.FLORES):
        return None
    return contents(Path(folder) / split / f"{LANGUAGES[code].flores200}.{split}" for code in settings.languages)


def embedding_contents():
    """A digest of an embedding model that is in a folder of the user's."""
    folder = getattr(settings.translation.embedding, "path", None) if settings.translation else None
    return contents(path for path in Path(folder).rglob("*") if path.is_file()) if folder else None


def how_made(wildcards):
    """Who translated a knowledge set there and back, for its figure."""
    own = plan.sources(settings).get(wildcards.knowledge)
    written = "the published data" if wildcards.knowledge in plan.fictional(settings) else "the built-in phrasebook"
    return {
        "knowledge": wildcards.knowledge,
        "source": f"the source in {', '.join(own.languages)}" if own else written,
        "forward": settings.translation.forward if own else None,
        "back": settings.translation.back,
    }


def in_context():
    """Whether any study teaches in context, which needs so many items for a context."""
    return "in-context" in settings.settings and any("in-context" in plan.STUDIES[name].settings for name in settings.studies)


def source_files(name):
    """What a knowledge set is read from: a file, or every file of a folder."""
    place = Path(plan.sources(settings)[name].source)
    return [str(place)] if place.is_file() else sorted(str(path) for path in place.rglob("*") if path.is_file())


def pivot_row(name):
    """The language that a knowledge set is translated from and back into, as in the language table."""
    return asdict(LANGUAGES[plan.pivot(settings, name)])


def language_row(wildcards):
    """The language of a rule, as in the language table."""
    return asdict(LANGUAGES[wildcards.language])


def choice_files(name):
    """What multiple-choice items are read from: a table, the lists in folders as CLiKA published them, or nothing if built in."""
    source = settings.choices[name].source
    if source and Path(source).is_dir():
        return sorted(str(path) for path in Path(source).rglob("*.jsonl"))
    return [source] if source else []


def multiple_choice(wildcards):
    """How items are put to a model."""
    entry = settings.choices[wildcards.name]
    labelled = entry.answer == "label" or wildcards.model in REMOTE
    return {"labelled": labelled} | entry.model_dump(include={"demonstration", "orders", "seed"})


def languages_written(knowledge):
    """The languages in which a knowledge set is written: those studied, in their order, and those it is translated from."""
    return list(dict.fromkeys([*settings.languages, *plan.own_languages(settings, knowledge)]))


def clika_files(name):
    """The lists of predictions that were made elsewhere."""
    return sorted(str(path) for path in Path(settings.predictions[name].path).rglob("*.jsonl"))
