# Exams: every language of a lesson's exam in one job.


def exam_languages(wildcards):
    """The languages an exam is asked in."""
    return plan.asked_in(settings, wildcards.study, wildcards.setting, wildcards.lesson)


def exam_adapters(wildcards):
    """The adapters an exam asks, keyed by (seed, epoch)."""
    return {
        key: paths.ADAPTER.format(**dict(wildcards.items()), seed=key[0], epoch=key[1])
        for key in plan.adapters_of(settings, wildcards.study, wildcards.model)
    }


rule ask:
    input:
        model=lambda wildcards: model_files(wildcards.model),
        knowledge=lambda wildcards: expand(
            paths.ITEMS,
            knowledge=wildcards.knowledge,
            language=exam_languages(wildcards),
        ),
        adapters=lambda wildcards: [
            f"{folder}/{file}" for folder in exam_adapters(wildcards).values() for file in paths.ADAPTER_FILES
        ],
    output:
        paths.ANSWERS,
    params:
        model=lambda wildcards: plan.model_folder(settings, wildcards.model),
        languages=lambda wildcards: exam_languages(wildcards),
        adapters=exam_adapters,
        asking=lambda wildcards: settings.models[wildcards.model].asking.model_dump(),
        version=version("ask"),
    log:
        "results/logs/ask/{model}/{knowledge}/{study}/{setting}/{lesson}.log",
    benchmark:
        "results/benchmarks/ask/{model}/{knowledge}/{study}/{setting}/{lesson}.tsv"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    conda:
        "../envs/cpu.yaml"
    message:
        "Ask {wildcards.model} the {wildcards.knowledge} items in {params.languages} (taught: {wildcards.lesson})"
    script:
        "../workflow/scripts/ask.py"
