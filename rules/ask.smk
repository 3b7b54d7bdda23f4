# Exams: a job holds those of a cohort's lessons, each in every language it is asked in.

for study, setting, number, group, lesson in EXAMS:

    rule:
        name:
            f"ask_{study}_{setting}_{number}".replace("-", "_")
        input:
            model=lambda wildcards: model_files(wildcards.model),
            knowledge=lambda wildcards, study=study, setting=setting, group=group: expand(
                paths.ITEMS,
                knowledge=wildcards.knowledge,
                language=exam_languages(study, setting, group, wildcards),
            ),
            adapters=lambda wildcards, study=study, setting=setting, group=group: [
                f"{folder}/{file}"
                for own in exam_adapters(study, setting, group, wildcards).values()
                for folder in own.values()
                for file in paths.ADAPTER_FILES
            ],
        output:
            expand(paths.ANSWERS, study=study, setting=setting, lesson=group, allow_missing=True),
        log:
            f"results/logs/ask/{{model}}/{{knowledge}}/{study}/{setting}/{tag(group, number)}.log",
        benchmark:
            f"results/benchmarks/ask/{{model}}/{{knowledge}}/{study}/{setting}/{tag(group, number)}.tsv"
        wildcard_constraints:
            lesson=lesson,
        conda:
            "../envs/cpu.yaml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime=60,
        params:
            model=lambda wildcards, input: os.path.dirname(input.model[0]),
            study=study,
            setting=setting,
            languages=lambda wildcards, study=study, setting=setting, group=group: exam_languages(
                study, setting, group, wildcards
            ),
            asked=lambda wildcards, study=study, setting=setting, group=group: {
                lesson: plan.asked_in(settings, study, setting, lesson) for lesson in together(group, wildcards)
            },
            adapters=lambda wildcards, study=study, setting=setting, group=group: exam_adapters(study, setting, group, wildcards),
            context=settings.context.model_dump() if setting == "in-context" else None,
            seeds=plan.seeds_of(settings) if setting == "in-context" else None,
            asking=lambda wildcards: settings.models[wildcards.model].asking.model_dump(),
            version=version("ask"),
        message:
            f"Ask {{wildcards.model}} the {{wildcards.knowledge}} items ({study}, {setting}: {told(group)})"
        script:
            "../workflow/scripts/ask.py"
