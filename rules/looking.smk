# What a first look at a model asks, and what jobs of the studies ask of the machine.


def looked_at(kind):
    """The knowledge set of a kind that a look asks from: one that is there without translation, studied and built-in if possible;
    none if there is none of the kind."""
    of = [key for key, entry in settings.knowledge.items() if entry.kind == kind]
    lacking = {key: set(settings.languages) - set(plan.own_languages(settings, key)) for key in of}
    order = {
        key: (len(lacking[key]), not settings.knowledge[key].studied, settings.knowledge[key].provider != "built-in")
        for key in of
    }
    return sorted(of, key=order.__getitem__)[:1]


def looked_at_parts():
    """The knowledge set of each part of a look: what is taught is new, or known if there is nothing new."""
    taught = (looked_at("new") or looked_at("known"))[0]
    return {part: taught for part in ("in-context", "lesson")} | {"known": own for own in looked_at("known")}


def at_a_time():
    """The lessons of a cohort, in the config's languages."""
    return len(settings.languages) if settings.cohort == "auto" else min(settings.cohort, len(settings.languages))


def requested_by(model, files):
    """The MB that jobs of the studies ask for, by work."""
    entry, asking = settings.models[model], settings.models[model].asking
    return {
        "ask": needed(entry, files, memory.of_asking, asking.batch, asking.max_new_tokens, context=settings.context.pairs),
        "teach": needed(entry, files, memory.of_teaching, at_a_time(), entry.teaching),
    }


def requested_once_there(model, files):
    """The same for a page: nothing of a model that is elsewhere, or whose files are not there yet, as in a dry run."""
    return requested_by(model, files) if files and all(map(os.path.exists, files)) else {}
