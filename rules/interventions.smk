# Models with interventions, and what becomes of transfer in them.
DERIVED = {own.key: own for base in plan.intervened(settings) for own in plan.derived_of(settings, base)}
CHANGED = [key for key in DERIVED if changes_weights(key)]


EFFECT_PANELS = [panel for panel in INTERVENED_PANELS if on_neurons(panel["model"])]
MITIGATION_PANELS = [panel for panel in INTERVENED_PANELS if mitigating(panel["model"])]


rule intervention:
    input:
        lambda wildcards: paths.ACTIVATIONS.format(model=plan.base_of(wildcards.model), knowledge=wildcards.knowledge),
    output:
        paths.INTERVENTION,
    log:
        "results/logs/intervention/{model}/{knowledge}.log",
    benchmark:
        "results/benchmarks/intervention/{model}/{knowledge}.tsv"
    wildcard_constraints:
        model=one_of(CHANGED),
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        about=lambda wildcards: asdict(DERIVED[wildcards.model]),
        entry=lambda wildcards: plan.intervention_of(settings, wildcards.model).model_dump(exclude={"draws", "random"}),
        selection=settings.language_neurons.model_dump(exclude={"texts", "scored_texts"}),
        tiers=tiers(),
        version=version("intervention"),
    message:
        "Prepare {wildcards.model}"
    script:
        "../workflow/scripts/intervention.py"


rule perplexity:
    input:
        model=lambda wildcards: model_files(wildcards.model),
        knowledge=lambda wildcards: expand(paths.ITEMS, language=settings.languages, allow_missing=True),
        held_out=lambda wildcards: held_out(wildcards.model),
        intervention=lambda wildcards: intervention_files(wildcards.model, wildcards.knowledge),
    output:
        paths.PERPLEXITY,
    log:
        "results/logs/perplexity/{model}/{knowledge}.log",
    benchmark:
        "results/benchmarks/perplexity/{model}/{knowledge}.tsv"
    wildcard_constraints:
        model=one_of([*INSIDE, *CHANGED]),
    conda:
        "../envs/cpu.yaml"
    threads: cores_of
    resources:
        mem_mb=lambda wildcards, input: to_read(wildcards.model, input.model, memory.of_scoring),
        gpu=lambda wildcards: accelerators(settings.models[wildcards.model]),
        runtime=lambda wildcards: minutes(settings.models[wildcards.model], 60),
    params:
        loading=lambda wildcards: loading(wildcards.model),
        batch=lambda wildcards, input: settings.models[wildcards.model].asking.batch,
        languages=language_rows(),
        flores=settings.explain.flores,
        texts=settings.language_neurons.scored_texts,
        contents=lambda wildcards: [model_contents(wildcards.model), flores_contents("devtest")],
        version=version("perplexity"),
    message:
        "How well {wildcards.model} foresees texts in every language"
    script:
        "../workflow/scripts/perplexity.py"


rule effects:
    input:
        base=lambda wildcards: transfer_scores(wildcards.model, wildcards.knowledge, "in-context"),
        derived=lambda wildcards: [
            path for key in on_neurons(wildcards.model) for path in transfer_scores(key, wildcards.knowledge, "in-context")
        ],
        knowledge=lambda wildcards: expand(paths.ITEMS, language=settings.languages, allow_missing=True),
        perplexity=lambda wildcards: [
            paths.PERPLEXITY.format(model=key, knowledge=wildcards.knowledge)
            for key in [wildcards.model, *on_neurons(wildcards.model)]
        ],
    output:
        expand(paths.EFFECTS, table=paths.EFFECT_TABLES, allow_missing=True),
    log:
        "results/logs/effects/{model}/{knowledge}.log",
    benchmark:
        "results/benchmarks/effects/{model}/{knowledge}.tsv"
    wildcard_constraints:
        model=one_of(INSIDE),
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        derived=lambda wildcards: [described_derived(key) for key in on_neurons(wildcards.model)],
        languages=language_rows(),
        seed=settings.language_neurons.seed,
        bootstrap=settings.bootstrap,
        permutations=settings.explain.permutations,
        tables=paths.EFFECT_TABLES,
        version=version("effects"),
    message:
        "What becomes of transfer where neurons of {wildcards.model} work differently"
    script:
        "../workflow/scripts/effects.py"


rule mitigations:
    input:
        base=lambda wildcards: [
            path
            for setting in settings_changed(wildcards.model)
            for path in transfer_scores(wildcards.model, wildcards.knowledge, setting)
        ],
        derived=lambda wildcards: [
            path
            for key in mitigating(wildcards.model)
            for path in transfer_scores(key, wildcards.knowledge, plan.setting_of(plan.intervention_of(settings, key)))
        ],
        perplexity=lambda wildcards: [
            paths.PERPLEXITY.format(model=key, knowledge=wildcards.knowledge)
            for key in [wildcards.model, *mitigating(wildcards.model)]
            if changes_weights(key) or key in INSIDE
        ],
    output:
        paths.MITIGATIONS,
    log:
        "results/logs/mitigations/{model}/{knowledge}.log",
    benchmark:
        "results/benchmarks/mitigations/{model}/{knowledge}.tsv"
    wildcard_constraints:
        model=one_of(RUN),
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        derived=lambda wildcards: [described_derived(key) for key in mitigating(wildcards.model)],
        tiers=tiers(),
        bootstrap=settings.bootstrap,
        version=version("mitigations"),
    message:
        "What helps {wildcards.model} to learn more evenly"
    script:
        "../workflow/scripts/mitigations.py"


rule figure_neurons:
    input:
        **{
            name: [paths.EFFECTS.format(table=table, **panel) for panel in EFFECT_PANELS]
            for name, table in paths.DRAWN_EFFECTS.items()
        },
    output:
        figure("neurons", "Interventions"),
    log:
        "results/logs/figure_neurons.log",
    benchmark:
        "results/benchmarks/figure_neurons.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        panels=[panel | {"setting": "in-context"} for panel in EFFECT_PANELS],
        languages=language_rows(),
        version=version("figure_neurons"),
    message:
        "Draw what becomes of transfer where neurons work differently"
    script:
        "../workflow/scripts/figure_neurons.py"


rule figure_mitigations:
    input:
        [paths.MITIGATIONS.format(**panel) for panel in MITIGATION_PANELS],
    output:
        figure("mitigations", "Interventions"),
    log:
        "results/logs/figure_mitigations.log",
    benchmark:
        "results/benchmarks/figure_mitigations.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        panels=MITIGATION_PANELS,
        version=version("figure_mitigations"),
    message:
        "Draw what helps to learn more evenly"
    script:
        "../workflow/scripts/figure_mitigations.py"


INTERVENTIONS = [
    path
    for name, panels in {
        "neurons": EFFECT_PANELS,
        "overlap": INSIDE_PANELS,
        "mitigations": MITIGATION_PANELS,
        "lens": INSIDE_PANELS if "in-context" in settings.settings else [],
    }.items()
    if panels
    for path in expand(paths.FIGURE, name=name, extension=["pdf", "png", "csv"])
]
