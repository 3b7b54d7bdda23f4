# Fine-tuning: an adapter per lesson and seed, a checkpoint per epoch. A job teaches a cohort of lessons.

# With `cohort: 1` the lesson is a wildcard, so that one rule makes a job of each.
groups = [["{lesson}"]] if settings.cohort == 1 else plan.cohorts(settings)

for name, model in settings.models.items():
    for number, group in enumerate(groups, start=1):

        rule:
            name:
                f"teach_{re.sub('[.-]', '_', name)}_{number}"
            input:
                model=model_files(name),
                knowledge=expand(paths.ITEMS, language=group, allow_missing=True),
            output:
                expand(
                    paths.ADAPTER_FILE,
                    model=name,
                    lesson=group,
                    epoch=range(1, model.teaching.epochs + 1),
                    file=paths.ADAPTER_FILES,
                    allow_missing=True,
                ),
            log:
                f"results/logs/teach/{name}/{{knowledge}}/{{seed}}/{'+'.join(group)}.log",
            benchmark:
                f"results/benchmarks/teach/{name}/{{knowledge}}/{{seed}}/{'+'.join(group)}.tsv"
            conda:
                "../envs/cpu.yaml"
            threads: 1
            resources:
                mem_mb=2000,
                runtime=240,
            params:
                model=lambda wildcards, input: os.path.dirname(input.model[0]),
                lessons=lambda wildcards, group=group: lesson_names(group, wildcards),
                target=lambda wildcards, name=name: paths.ADAPTER.format(
                    model=name, knowledge=wildcards.knowledge, seed=wildcards.seed, lesson="{lesson}", epoch="{epoch}"
                ),
                store=paths.ADAPTER_STORE,
                teaching=model.teaching.model_dump(),
                version=version("teach"),
            message:
                f"Teach {name} the {{wildcards.knowledge}} items in {{params.lessons}}, seed {{wildcards.seed}}"
            script:
                "../workflow/scripts/teach.py"


# Adapters are results too: without them among the targets, a deleted one would not be missed while what was made of it is there.
LESSONS = [
    path
    for name in settings.run
    for path in expand(
        paths.ADAPTER_FILE,
        model=name,
        knowledge=plan.taught_knowledge(settings),
        lesson=settings.languages,
        seed=range(1, settings.seeds + 1),
        epoch=range(1, settings.models[name].teaching.epochs + 1),
        file=paths.ADAPTER_FILES,
    )
]
