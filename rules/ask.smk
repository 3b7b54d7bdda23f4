# Exams: a job holds those of a cohort's lessons, each in every language it is asked in.

for cohort in filter(is_local, plan.exams(settings)):

    rule:
        name:
            f"ask_{cohort.rule}"
        input:
            model=model_files(cohort.model),
            knowledge=lambda wildcards, cohort=cohort: expand(
                paths.ITEMS, knowledge=cohort.knowledge, language=exam_languages(cohort, wildcards)
            ),
            phrasebooks=lambda wildcards, cohort=cohort: phrasebooks(cohort, wildcards),
            adapters=lambda wildcards, cohort=cohort: [
                f"{folder}/{file}"
                for own in exam_adapters(cohort, wildcards).values()
                for folder in own.values()
                for file in paths.ADAPTER_FILES
            ],
            intervention=intervention_files(cohort.model, cohort.knowledge),
        output:
            files_of(paths.ANSWERS, cohort),
        log:
            log_of("ask", cohort),
        benchmark:
            benchmark_of("ask", cohort)
        wildcard_constraints:
            lesson=lesson_of(cohort),
        conda:
            "../envs/cpu.yaml"
        threads: cores(settings.models[cohort.model], model_files(cohort.model))
        resources:
            mem_mb=lambda wildcards, input, cohort=cohort: to_ask(cohort, wildcards, input.model),
            gpu=accelerators(settings.models[cohort.model]),
            runtime=minutes(settings.models[cohort.model], 60),
        params:
            model=lambda wildcards, input: os.path.dirname(input.model[0]),
            loading=loading(cohort.model),
            about={key: getattr(cohort, key) for key in ("model", "knowledge", "study", "setting")},
            languages=lambda wildcards, cohort=cohort: exam_languages(cohort, wildcards),
            asked=lambda wildcards, cohort=cohort: asked_in(cohort, wildcards),
            adapters=lambda wildcards, cohort=cohort: exam_adapters(cohort, wildcards),
            prompt=lambda wildcards, cohort=cohort: prompt(cohort),
            names=lambda wildcards, cohort=cohort: names(asked_languages(cohort, wildcards)),
            steps=steps_of(cohort),
            keep=items_asked(cohort),
            requests=lambda wildcards, cohort=cohort: requests(cohort, wildcards),
            pairs=settings.context.pairs if cohort.setting == "in-context" else None,
            seeds=plan.seeds_of(settings) if cohort.setting == "in-context" else None,
            asking=lambda wildcards, input, cohort=cohort: settings.models[cohort.model].asking.model_dump(),
            longest=settings.models[cohort.model].asking.max_new_tokens,
            contents=lambda wildcards, cohort=cohort: [model_contents(cohort.model), contents(phrasebooks(cohort, wildcards))],
            version=version("ask"),
        message:
            f"Ask {cohort.model} the {cohort.knowledge} items ({cohort.study}, {cohort.setting}: {told(cohort)})"
        script:
            "../workflow/scripts/ask.py"
