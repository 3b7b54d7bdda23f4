# A first look at a model, before hours are spent on it: a few questions in every language, and a page about them.

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
        mem_mb=lambda wildcards, input: max(requested_by(wildcards.model, input.model).values()),
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
        requested=lambda wildcards, input: requested_once_there(wildcards.model, input.model),
        together=at_a_time(),
        version=version("look_card"),
    message:
        "Write down what to change before {wildcards.model} is studied"
    script:
        "../workflow/scripts/look_card.py"


# Models behind an interface are looked at when somebody asks for it, since that costs money.
CARDS += expand(paths.CARD, model=[name for name in RUN if name in LOCAL])
