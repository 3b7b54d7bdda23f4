# Neurons of languages, models with interventions, and what becomes of transfer in them.
INSIDE = [name for name in RUN if name not in REMOTE]  # models whose neurons can be reached
DERIVED = {own.key: own for base in plan.intervened(settings) for own in plan.derived_of(settings, base)}
CHANGED = [key for key in DERIVED if changes_weights(key)]
INTERVENED_PANELS = [
    {"model": model, "knowledge": knowledge}
    for model in plan.intervened(settings)
    for knowledge in plan.knowledge_of(settings, "transferability")
]
INSIDE_PANELS = [panel for panel in INTERVENED_PANELS if panel["model"] in INSIDE]
EFFECT_PANELS = [panel for panel in INTERVENED_PANELS if on_neurons(panel["model"])]
MITIGATION_PANELS = [panel for panel in INTERVENED_PANELS if mitigating(panel["model"])]


rule held_out:
    input:
        languages=paths.LANGUAGES,
        shares=paths.SHARES,
        phrasebook=expand(paths.PHRASEBOOK, language=settings.languages),
        world=paths.WORLD,
    output:
        paths.HELD_OUT,
    log:
        "results/logs/held_out/{model}.log",
    benchmark:
        "results/benchmarks/held_out/{model}.tsv"
    wildcard_constraints:
        model=one_of(plan.sandboxes(settings)),
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        languages=sorted(settings.languages),
        recipe=recipe,
        texts=settings.language_neurons.texts,
        version=version("held_out"),
    message:
        "Write texts such as {wildcards.model} was pre-trained on, but others"
    script:
        "../workflow/scripts/held_out.py"


rule record_activations:
    input:
        model=lambda wildcards: model_files(wildcards.model),
        knowledge=lambda wildcards: expand(paths.ITEMS, language=settings.languages, allow_missing=True),
        held_out=lambda wildcards: held_out(wildcards.model),
    output:
        paths.ACTIVATIONS,
    log:
        "results/logs/record_activations/{model}/{knowledge}.log",
    benchmark:
        "results/benchmarks/record_activations/{model}/{knowledge}.tsv"
    wildcard_constraints:
        model=one_of(INSIDE),
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, input: memory(settings.models[wildcards.model], input.model),
        gpu=lambda wildcards: accelerators(settings.models[wildcards.model]),
        runtime=lambda wildcards: minutes(settings.models[wildcards.model], 60),
    params:
        loading=lambda wildcards: loading(wildcards.model),
        batch=lambda wildcards, input: settings.models[wildcards.model].asking.batch,
        languages=language_rows(),
        flores=settings.explain.flores,
        texts=settings.language_neurons.texts,
        version=version("record_activations"),
    message:
        "Record the neurons of {wildcards.model} in every language"
    script:
        "../workflow/scripts/record_activations.py"


rule select_neurons:
    input:
        paths.ACTIVATIONS,
    output:
        sets=paths.NEURONS,
        overlap=paths.OVERLAP,
        layers=paths.NEURON_LAYERS,
    log:
        "results/logs/select_neurons/{model}/{knowledge}.log",
    benchmark:
        "results/benchmarks/select_neurons/{model}/{knowledge}.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        selection=settings.language_neurons.model_dump(include={"top", "lape", "percentile"}),
        version=version("select_neurons"),
    message:
        "Find the neurons of each language in {wildcards.model}"
    script:
        "../workflow/scripts/select_neurons.py"


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
    threads: 1
    resources:
        mem_mb=lambda wildcards, input: memory(settings.models[wildcards.model], input.model),
        gpu=lambda wildcards: accelerators(settings.models[wildcards.model]),
        runtime=lambda wildcards: minutes(settings.models[wildcards.model], 60),
    params:
        loading=lambda wildcards: loading(wildcards.model),
        batch=lambda wildcards, input: settings.models[wildcards.model].asking.batch,
        languages=language_rows(),
        flores=settings.explain.flores,
        texts=settings.language_neurons.scored_texts,
        version=version("perplexity"),
    message:
        "How well {wildcards.model} foresees texts in every language"
    script:
        "../workflow/scripts/perplexity.py"


rule lens:
    input:
        model=lambda wildcards: model_files(wildcards.model),
        knowledge=lambda wildcards: expand(paths.ITEMS, language=settings.languages, allow_missing=True),
        scores=lambda wildcards: expand(
            paths.SCORES,
            study="transferability",
            setting="in-context",
            lesson=plan.lessons_of(settings, "transferability"),
            allow_missing=True,
        ),
    output:
        answers=paths.LENS,
        shares=paths.LENS_SHARES,
    log:
        "results/logs/lens/{model}/{knowledge}.log",
    benchmark:
        "results/benchmarks/lens/{model}/{knowledge}.tsv"
    wildcard_constraints:
        model=one_of(INSIDE),
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, input: memory(settings.models[wildcards.model], input.model),
        gpu=lambda wildcards: accelerators(settings.models[wildcards.model]),
        runtime=lambda wildcards: minutes(settings.models[wildcards.model], 60),
    params:
        loading=lambda wildcards: loading(wildcards.model),
        batch=lambda wildcards, input: settings.models[wildcards.model].asking.batch,
        languages=settings.languages,
        keep=settings.intervention_items,
        bootstrap=settings.bootstrap,
        version=version("lens"),
    message:
        "In which layers of {wildcards.model} the right answer can be read"
    script:
        "../workflow/scripts/lens.py"


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


rule figure_overlap:
    input:
        overlap=[paths.OVERLAP.format(**panel) for panel in INSIDE_PANELS],
        layers=[paths.NEURON_LAYERS.format(**panel) for panel in INSIDE_PANELS],
    output:
        figure("overlap", "Interventions"),
    log:
        "results/logs/figure_overlap.log",
    benchmark:
        "results/benchmarks/figure_overlap.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        panels=INSIDE_PANELS,
        languages=language_rows(),
        version=version("figure_overlap"),
    message:
        "Draw which neurons languages share"
    script:
        "../workflow/scripts/figure_overlap.py"


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


rule figure_lens:
    input:
        [paths.LENS_SHARES.format(**panel) for panel in INSIDE_PANELS],
    output:
        figure("lens", "Interventions"),
    log:
        "results/logs/figure_lens.log",
    benchmark:
        "results/benchmarks/figure_lens.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        panels=[panel | {"setting": "in-context"} for panel in INSIDE_PANELS],
        version=version("figure_lens"),
    message:
        "Draw in which layers the right answer can be read"
    script:
        "../workflow/scripts/figure_lens.py"


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
