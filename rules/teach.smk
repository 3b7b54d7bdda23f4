# Fine-tuning: an adapter per lesson and seed, a checkpoint per epoch. A job teaches a cohort of lessons.

# Lessons of one sort (see plan.Study) are taught equally long; a study that has them, by the prefix of the numbers of its jobs.
SORTS = {"": "transferability", "wrong_": "robustness", "pairs_": "prioritization"}


for name, model in settings.models.items():
    for prefix, study in SORTS.items():
        lessons = plan.lessons_of(settings, study)
        epochs = plan.epochs_of(settings, plan.STUDIES[study].lessons, name)
        for number, group in enumerate(plan.groups(settings, lessons), start=1):

            rule:
                name:
                    f"teach_{re.sub('[.-]', '_', name)}_{prefix}{number}"
                input:
                    model=model_files(name),
                    knowledge=lambda wildcards, group=group: expand(
                        paths.ITEMS, knowledge=wildcards.knowledge, language=taught_languages(group, wildcards)
                    ),
                output:
                    expand(
                        paths.ADAPTER_FILE,
                        model=name,
                        lesson=group,
                        epoch=range(1, epochs + 1),
                        file=paths.ADAPTER_FILES,
                        allow_missing=True,
                    ),
                log:
                    f"results/logs/teach/{name}/{{knowledge}}/{{seed}}/{tag(group, f'{prefix}{number}')}.log",
                benchmark:
                    f"results/benchmarks/teach/{name}/{{knowledge}}/{{seed}}/{tag(group, f'{prefix}{number}')}.tsv"
                wildcard_constraints:
                    lesson=one_of(lessons),
                conda:
                    "../envs/cpu.yaml"
                threads: 1
                resources:
                    mem_mb=2000,
                    runtime=240,
                params:
                    model=lambda wildcards, input: os.path.dirname(input.model[0]),
                    lessons=lambda wildcards, group=group: together(group, wildcards),
                    languages=lambda wildcards, group=group: taught_languages(group, wildcards),
                    target=lambda wildcards, name=name: paths.ADAPTER.format(
                        model=name, knowledge=wildcards.knowledge, seed=wildcards.seed, lesson="{lesson}", epoch="{epoch}"
                    ),
                    store=paths.ADAPTER_STORE,
                    teaching=model.teaching.model_copy(update={"epochs": epochs}).model_dump(),
                    version=version("teach"),
                message:
                    f"Teach {name} the {{wildcards.knowledge}} items in {{params.lessons}}, seed {{wildcards.seed}}"
                script:
                    "../workflow/scripts/teach.py"


# Adapters are results too: without them among the targets, a deleted one would not be missed while what was made of it is there.
LESSONS = [
    path
    for name in settings.run
    for adapter in plan.adapters(settings, name)
    for path in expand(paths.ADAPTER_FILE, model=name, file=paths.ADAPTER_FILES, **adapter)
]
