# What the configured study takes. No call is made and no weights are needed, so languages that are to be translated are estimated.
OWN_ITEMS = [(knowledge, language) for knowledge in settings.knowledge for language in plan.own_languages(settings, knowledge)]


rule costs:
    input:
        knowledge=[paths.ITEMS.format(knowledge=knowledge, language=language) for knowledge, language in OWN_ITEMS],
        choices=expand(paths.CHOICE_ITEMS, name=plan.choices(settings)),
        languages=paths.LANGUAGES,
        prompts=paths.PROMPTS,
        steps=paths.STEPS,
        prices=paths.PRICES,
    output:
        paths.PLAN,
    log:
        "results/logs/costs.log",
    benchmark:
        "results/benchmarks/costs.tsv"
    localrule: True
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        config=as_configured(),
        written=OWN_ITEMS,
        choices=plan.choices(settings),
        folders={name: plan.model_folder(settings, name) for name in settings.models | settings.translators},
        contents=contents([paths.LANGUAGES, paths.PROMPTS, paths.STEPS, paths.PRICES]),
        version=version("costs"),
    message:
        "Count what the configured study takes"
    script:
        "../workflow/scripts/costs.py"
