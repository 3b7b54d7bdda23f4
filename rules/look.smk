# A first look at a model, before hours are spent on it: a few questions in every language, and a page about them.


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


def learned_in_a_look(model):
    """The question-answer pairs of a look that go through the model together."""
    own = settings.models[model].teaching
    return at_a_time() * (own.at_once or own.batch)


def requested_by(model, files):
    """The MB that jobs of the studies ask for, by work."""
    entry = settings.models[model]
    full = at_a_time() * (entry.teaching.layers == "full")
    return {"ask": memory(entry, files, full=full), "teach": memory(entry, files, learned_in_a_look(model), full)}


LOOKED_AT = {
    "known": [paths.ITEMS.format(knowledge=key, language=code) for key in looked_at("known") for code in settings.languages],
    "new": [paths.ITEMS.format(knowledge=looked_at_parts()["lesson"], language=code) for code in settings.languages],
}
# Texts that the plan counts: those of studies, as far as they are there without asking anybody.
COUNTED = [own for own in OWN_ITEMS if settings.knowledge[own[0]].studied and settings.knowledge[own[0]].provider != "generated"]
LOCAL = [key for key in plan.runnable(settings) if key == plan.base_of(key) and key not in {*REMOTE, *plan.sandboxes(settings)}]


rule look:
    input:
        **LOOKED_AT,
        model=lambda wildcards: model_files(wildcards.model),
    output:
        paths.LOOK,
    log:
        "results/logs/look/{model}.log",
    benchmark:
        "results/benchmarks/look/{model}.tsv"
    wildcard_constraints:
        model=one_of(LOCAL),
    conda:
        "../envs/cpu.yaml"
    threads: cores_of
    resources:
        mem_mb=lambda wildcards, input: memory(
            settings.models[wildcards.model],
            input.model,
            learned_in_a_look(wildcards.model),
            at_a_time() * (settings.models[wildcards.model].teaching.layers == "full"),
        ),
        gpu=lambda wildcards: accelerators(settings.models[wildcards.model]),
        runtime=lambda wildcards: minutes(settings.models[wildcards.model], 60),
    params:
        model=lambda wildcards, input: os.path.dirname(input.model[0]),
        loading=lambda wildcards: loading(wildcards.model),
        knowledge=looked_at_parts(),
        languages=language_rows(),
        prompts=lambda wildcards: PROMPTS[settings.models[wildcards.model].asking.prompts],
        pairs=settings.context.pairs,
        asking=lambda wildcards: settings.models[wildcards.model].asking.model_dump(),
        teaching=lambda wildcards: settings.models[wildcards.model].teaching.model_dump(),
        together=at_a_time(),
        version=version("look"),
    message:
        "Look what {wildcards.model} says and learns, and how long that takes"
    script:
        "../workflow/scripts/look.py"


rule look_remote:
    input:
        **LOOKED_AT,
    output:
        paths.LOOK,
    log:
        "results/logs/look/{model}.log",
    benchmark:
        "results/benchmarks/look/{model}.tsv"
    wildcard_constraints:
        model=one_of(key for key in REMOTE if key == plan.base_of(key)),
    localrule: True
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        calls=1,
        runtime=240,
    params:
        endpoint=lambda wildcards, input: described(settings.models[wildcards.model]),
        same=lambda wildcards: identity(settings.models[wildcards.model]),
        budget_usd=budget,
        knowledge=looked_at_parts(),
        languages=language_rows(),
        prompts=lambda wildcards: PROMPTS[settings.models[wildcards.model].asking.prompts],
        pairs=settings.context.pairs,
        store=paths.CALLS,
        version=version("look_remote"),
    message:
        "Look what {wildcards.model} says"
    script:
        "../workflow/scripts/look_remote.py"


rule look_card:
    input:
        look=paths.LOOK,
        model=lambda wildcards: model_files(wildcards.model),
        knowledge=[paths.ITEMS.format(knowledge=knowledge, language=language) for knowledge, language in COUNTED],
        languages=paths.LANGUAGES,
        prompts=paths.PROMPTS,
        steps=paths.STEPS,
        prices=paths.PRICES,
    output:
        paths.CARD,
    log:
        "results/logs/look_card/{model}.log",
    benchmark:
        "results/benchmarks/look_card/{model}.tsv"
    wildcard_constraints:
        model=one_of([*LOCAL, *(key for key in REMOTE if key == plan.base_of(key))]),
    localrule: True
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        config=as_configured(),
        written=COUNTED,
        folder=lambda wildcards: plan.model_folder(settings, wildcards.model),
        requested=lambda wildcards, input: requested_by(wildcards.model, input.model) if wildcards.model in LOCAL else {},
        together=at_a_time(),
        version=version("look_card"),
    message:
        "Write down what to change before {wildcards.model} is studied"
    script:
        "../workflow/scripts/look_card.py"


# Models behind an interface are looked at when somebody asks for it, since that costs money.
CARDS += expand(paths.CARD, model=[name for name in RUN if name in LOCAL])
