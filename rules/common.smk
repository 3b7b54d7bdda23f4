# The validated config, and what the other rule files share.
import re

from snakemake.exceptions import WorkflowError

from isogloss import paths, plan
from isogloss.config import ConfigError, load_config
from isogloss.languages import read_languages
from isogloss.versions import version

LANGUAGES = read_languages(paths.LANGUAGES)
try:
    settings = load_config(config, LANGUAGES, workflow.configfiles[-1])
except ConfigError as error:
    raise WorkflowError(str(error)) from None


def one_of(names):
    """A wildcard constraint that allows these names; nothing, if there are none."""
    return "|".join(map(re.escape, sorted(names))) or "(?!)"


wildcard_constraints:
    language=one_of(settings.languages),
    knowledge=one_of(settings.knowledge),
    model=one_of(settings.models),
    study=one_of(plan.STUDIES),
    setting=one_of({study.setting for study in plan.STUDIES.values()}),
    lesson=one_of([plan.UNTAUGHT, *settings.languages]),
    seed=r"\d+",
    epoch=r"\d+",


def model_files(model):
    """The weights and the tokenizer of a model."""
    folder = plan.model_folder(settings, model)
    if model in plan.sandboxes(settings):
        return [f"{folder}/{name}" for name in [*paths.MODEL_FILES, "manifest.json"]]
    return sorted(str(path) for path in Path(folder).iterdir() if path.is_file())
