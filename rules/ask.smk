# Exams: every language of a lesson's exam in one job.


rule ask:
    input:
        model=lambda wildcards: model_files(wildcards.model),
        knowledge=exam_items,
        lesson=lambda wildcards: lesson_items(wildcards) if in_context(wildcards) else [],
        adapters=lambda wildcards: expand("{folder}/{file}", folder=exam_adapters(wildcards).values(), file=paths.ADAPTER_FILES),
    output:
        paths.ANSWERS,
    log:
        "results/logs/ask/{model}/{knowledge}/{study}/{setting}/{lesson}.log",
    benchmark:
        "results/benchmarks/ask/{model}/{knowledge}/{study}/{setting}/{lesson}.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        model=lambda wildcards, input: os.path.dirname(input.model[0]),
        languages=exam_languages,
        adapters=exam_adapters,
        context=lambda wildcards: settings.context.model_dump() if in_context(wildcards) else None,
        seeds=lambda wildcards: plan.seeds_of(settings) if in_context(wildcards) else None,
        asking=lambda wildcards: settings.models[wildcards.model].asking.model_dump(),
        version=version("ask"),
    message:
        "Ask {wildcards.model} the {wildcards.knowledge} items in {params.languages} ({wildcards.setting}: {wildcards.lesson})"
    script:
        "../workflow/scripts/ask.py"
