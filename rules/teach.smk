# Fine-tuning: an adapter per lesson and seed, a checkpoint per epoch. A job teaches a cohort of lessons.

for cohort in filter(is_local, plan.taught(settings)):

    rule:
        name:
            f"teach_{cohort.rule}"
        input:
            model=model_files(cohort.model),
            knowledge=lambda wildcards, cohort=cohort: expand(
                paths.ITEMS, knowledge=cohort.knowledge, language=lesson_languages(cohort, wildcards)
            ),
            phrasebooks=lambda wildcards, cohort=cohort: phrasebooks(cohort, wildcards),
        output:
            files_of(paths.ADAPTER_FILE, cohort, epoch=epochs_made(cohort), file=paths.ADAPTER_FILES),
        log:
            log_of("teach", cohort, "seed-{seed}/"),
        benchmark:
            benchmark_of("teach", cohort, "seed-{seed}/")
        wildcard_constraints:
            lesson=lesson_of(cohort),
        # what waits for adapters would else be left to the end, for one core
        priority: 1
        conda:
            "../envs/cpu.yaml"
        threads: cores(settings.models[cohort.model], model_files(cohort.model))
        resources:
            mem_mb=lambda wildcards, input, cohort=cohort: to_teach(cohort, input.model),
            gpu=accelerators(settings.models[cohort.model]),
            runtime=minutes(settings.models[cohort.model], 240),
        params:
            model=lambda wildcards, input: os.path.dirname(input.model[0]),
            loading=loading(cohort.model),
            lessons=lambda wildcards, cohort=cohort: cohort.chosen(dict(wildcards.items())),
            languages=lambda wildcards, cohort=cohort: lesson_languages(cohort, wildcards),
            prompt=lambda wildcards, cohort=cohort: prompts(cohort)["question"],
            names=lambda wildcards, cohort=cohort: names(lesson_languages(cohort, wildcards)),
            requests=lambda wildcards, cohort=cohort: requests(cohort, wildcards),
            target=lambda wildcards, cohort=cohort: paths.ADAPTER.format(
                model=cohort.model, knowledge=cohort.knowledge, seed=wildcards.seed, lesson="{lesson}", epoch="{epoch}"
            ),
            mixture=mixture_of(cohort),
            store=paths.ADAPTER_STORE,
            teaching=lambda wildcards, input, cohort=cohort: teaching(cohort),
            same=without_memory(teaching(cohort)),
            contents=lambda wildcards, cohort=cohort: [model_contents(cohort.model), contents(phrasebooks(cohort, wildcards))],
            version=version("teach"),
        message:
            f"Teach {cohort.model} the {cohort.knowledge} items in {told(cohort)}, seed {{wildcards.seed}}"
        script:
            "../workflow/scripts/teach.py"
