from snakemake.utils import min_version

min_version("9.0")


configfile: "config.yaml"


include: "rules/common.smk"
include: "rules/machines.smk"
include: "rules/cohorts.smk"
include: "rules/sources.smk"
include: "rules/derived.smk"
include: "rules/panels.smk"
include: "rules/looking.smk"
include: "rules/knowledge.smk"
include: "rules/models.smk"
include: "rules/teach.smk"
include: "rules/ask.smk"
include: "rules/remote.smk"
include: "rules/score.smk"
include: "rules/measure.smk"
include: "rules/translate.smk"
include: "rules/explain.smk"
include: "rules/neurons.smk"
include: "rules/interventions.smk"
include: "rules/figures.smk"
include: "rules/alignment.smk"
include: "rules/costs.smk"
include: "rules/look.smk"


# Everything the config asks for.
rule all:
    default_target: True
    input:
        LESSONS,
        [paths.ALL_SCORES] if SCORES else [],
        VERIFICATIONS,
        KNOWN,
        [paths.SPEED_BY_TIER.format(**panel) for panel in LEARNING_PANELS],  # no figure needs it
        FIGURES,
        QUALITY,
        EXPLAINED,
        ALIGNMENTS,
        INTERVENTIONS,
        AGREEMENTS,
        CARDS,
        paths.REPORT,


# After `all`, whose figures and tables it shows.
include: "rules/report.smk"


# At the end of a run, not of a dry run, what people should know of it.
onsuccess:
    say_what_is_unread()


onerror:
    say_what_is_unread()
