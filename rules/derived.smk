# Models with interventions: which there are, and what they are told by.


def held_out(model):
    """Texts such as a sandbox was pre-trained on, but others."""
    base = plan.base_of(model)
    return [paths.HELD_OUT.format(model=base)] if base in plan.sandboxes(settings) and not settings.explain.flores else []


def on_neurons(model):
    """The models derived from one in which neurons work differently."""
    own = plan.derived_of(settings, model)
    return [each.key for each in own if settings.interventions[each.name].kind == "neurons"]


def mitigating(model):
    """The models derived from one that may learn more evenly: all but those that only lose something, and random sets."""
    lossy = ("zero", "flip")
    own = [each for each in plan.derived_of(settings, model) if each.control is None]
    return [each.key for each in own if getattr(settings.interventions[each.name], "operation", None) not in lossy]


def settings_changed(model):
    """The settings in which a model's mitigations are measured."""
    return sorted({plan.setting_of(plan.intervention_of(settings, key)) for key in mitigating(model)})


def described_derived(key):
    """What a derived model is, as measures want it."""
    entry = plan.intervention_of(settings, key)
    return asdict(DERIVED[key]) | {"key": key, "setting": plan.setting_of(entry), "entry": entry.model_dump()}


def transfer_scores(model, knowledge, setting):
    """The scored answers behind a transfer matrix."""
    lessons = plan.lessons_of(settings, "transferability")
    return expand(paths.SCORES, model=model, knowledge=knowledge, study="transferability", setting=setting, lesson=lessons)
