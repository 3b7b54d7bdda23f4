# Panels: the models and knowledge sets that tables and figures are made of.


def tokenizer_files(model):
    """The tokenizer of a model that runs here, if there is one by itself."""
    if model not in plan.runnable(settings) or model in REMOTE:
        return []
    return [path for path in model_files(model) if os.path.basename(path) == "tokenizer.json"]


def factor_knowledge(model):
    """The knowledge set whose questions a model's tokenizer is measured on, if it has one: the first."""
    known = tokenizer_files(model) or getattr(settings.models[model], "tokenizer", None)
    return list(settings.knowledge)[:1] if known and not settings.explain.flores else []


def made_for(models):
    """The languages that models were made for, of those that say so."""
    found = {model: getattr(settings.models[model], "optimised", None) for model in models}
    return {model: codes for model, codes in found.items() if codes is not None}


def languages_of_panel(panel):
    """The languages of the config that a matrix has, be it measured here or by others."""
    if panel["model"] in RUN:
        return set(settings.languages)
    table = settings.models[panel["model"]].transferability[panel["setting"]]
    return set(settings.languages) & plan.languages_of_matrix(table)


def own_measure(path, study, setting, wildcards):
    """A measure of a model, if the config asks for it."""
    asked = wildcards.knowledge in plan.knowledge_of(settings, study) and setting in plan.settings_of(settings, study)
    return [path.format(model=wildcards.model, knowledge=wildcards.knowledge, setting=setting)] if asked else []


def pooled_label(entry):
    """What a figure calls the mean of the matrices of a setting."""
    setting, panels = entry
    knowledge = ", ".join(dict.fromkeys(panel["knowledge"] for panel in panels))
    return {"model": f"mean of {len(panels)} matrices", "knowledge": knowledge, "setting": setting}


def panels_of(study):
    """What a figure about a study shows: a panel a model, knowledge set and setting."""
    return [
        {"model": model, "knowledge": knowledge, "setting": setting}
        for model in RUN
        for knowledge in plan.knowledge_of(settings, study)
        for setting in plan.settings_of(settings, study)
    ]


def say_what_is_unread():
    """Say in one line, with --quiet as well, how many answers could not be read, if that is worth a line."""
    from isogloss.report.unread import last_line

    counted = {
        "verification": paths.VERIFICATION,
        "transferability": paths.CELLS,
        "prioritization": paths.PREFERENCE,
        "robustness": paths.RESISTANCE,
        "conductivity": paths.XRR,
    }
    tables = [(panel, path.format(**panel)) for study, path in counted.items() for panel in panels_of(study)]
    if said := last_line(tables):
        print(said, file=sys.stderr, flush=True)
