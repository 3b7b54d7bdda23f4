# Models behind an interface: fine-tuned and asked over the network. One job at a time (profiles: `calls`), with several calls.

for cohort in plan.taught(settings):
    if is_local(cohort):
        continue

    rule:
        name:
            f"teach_{cohort.rule}"
        input:
            knowledge=lambda wildcards, cohort=cohort: expand(
                paths.ITEMS, knowledge=cohort.knowledge, language=lesson_languages(cohort, wildcards)
            ),
        output:
            files_of(paths.REMOTE_LESSON, cohort, epoch=epochs_made(cohort)),
        log:
            log_of("teach", cohort, "seed-{seed}/"),
        benchmark:
            benchmark_of("teach", cohort, "seed-{seed}/")
        wildcard_constraints:
            lesson=lesson_of(cohort),
        priority: 1
        localrule: True
        conda:
            "../envs/cpu.yaml"
        threads: 1
        resources:
            mem_mb=1000,
            calls=1,
            runtime=1440,
        params:
            endpoint=lambda wildcards, input, cohort=cohort: described(settings.models[cohort.model]),
            budget_usd=budget,
            same=identity(settings.models[cohort.model]),
            teaching=teaching(cohort),
            lessons=lambda wildcards, cohort=cohort: cohort.chosen(dict(wildcards.items())),
            languages=lambda wildcards, cohort=cohort: lesson_languages(cohort, wildcards),
            prompt=lambda wildcards, cohort=cohort: prompts(cohort)["question"],
            names=lambda wildcards, cohort=cohort: names(lesson_languages(cohort, wildcards)),
            requests=lambda wildcards, cohort=cohort: requests(cohort, wildcards),
            target=lambda wildcards, cohort=cohort: paths.REMOTE_LESSON.format(
                model=cohort.model, knowledge=cohort.knowledge, seed=wildcards.seed, lesson="{lesson}", epoch="{epoch}"
            ),
            mixture=mixture_of(cohort),
            store=paths.CALLS,
            version=version("teach_remote"),
        message:
            f"Have {cohort.model} taught the {cohort.knowledge} items in {told(cohort)}, seed {{wildcards.seed}}"
        script:
            "../workflow/scripts/teach_remote.py"


for cohort in plan.exams(settings):
    if is_local(cohort):
        continue

    rule:
        name:
            f"ask_{cohort.rule}"
        input:
            knowledge=lambda wildcards, cohort=cohort: expand(
                paths.ITEMS, knowledge=cohort.knowledge, language=exam_languages(cohort, wildcards)
            ),
            lessons=lambda wildcards, cohort=cohort: [
                path for own in exam_adapters(cohort, wildcards, paths.REMOTE_LESSON).values() for path in own.values()
            ],
        output:
            files_of(paths.ANSWERS, cohort),
        log:
            log_of("ask", cohort),
        benchmark:
            benchmark_of("ask", cohort)
        wildcard_constraints:
            lesson=lesson_of(cohort),
        localrule: True
        conda:
            "../envs/cpu.yaml"
        threads: 1
        resources:
            mem_mb=1000,
            calls=1,
            runtime=1440,
        params:
            endpoint=lambda wildcards, input, cohort=cohort: described(settings.models[cohort.model]),
            budget_usd=budget,
            same=identity(settings.models[cohort.model]),
            about={key: getattr(cohort, key) for key in ("model", "knowledge", "study", "setting")},
            languages=lambda wildcards, cohort=cohort: exam_languages(cohort, wildcards),
            asked=lambda wildcards, cohort=cohort: asked_in(cohort, wildcards),
            adapters=lambda wildcards, cohort=cohort: exam_adapters(cohort, wildcards, paths.REMOTE_LESSON),
            prompt=lambda wildcards, cohort=cohort: prompt(cohort),
            again=lambda wildcards, cohort=cohort: prompts(cohort)["again"],
            names=lambda wildcards, cohort=cohort: names(asked_languages(cohort, wildcards)),
            steps=steps_of(cohort),
            keep=items_asked(cohort),
            requests=lambda wildcards, cohort=cohort: requests(cohort, wildcards),
            pairs=settings.context.pairs if cohort.setting == "in-context" else None,
            seeds=plan.seeds_of(settings) if cohort.setting == "in-context" else None,
            store=paths.CALLS,
            version=version("ask_remote"),
        message:
            f"Ask {cohort.model} the {cohort.knowledge} items ({cohort.study}, {cohort.setting}: {told(cohort)})"
        script:
            "../workflow/scripts/ask_remote.py"


# What is taught is a result, too: without it among the targets, a deleted adapter would not be missed while what was made of it is
# there.
LESSONS = [
    path
    for name in RUN
    for adapter in plan.adapters(settings, name)
    for path in (
        [paths.REMOTE_LESSON.format(model=name, **adapter)]
        if name in REMOTE
        else expand(paths.ADAPTER_FILE, model=name, file=paths.ADAPTER_FILES, **adapter)
    )
]
