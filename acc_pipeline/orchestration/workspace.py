"""A workspace as the stages see it: settings, lake, compute engine, side inputs, the student's tokenizer, its folders.

Made once for a process from `Settings` and handed to assets as a resource; it holds no state that a rerun would miss.
"""

from functools import cached_property
from pathlib import Path

from acc_pipeline.agents.base import AgentType
from acc_pipeline.agents.registry import agent_type
from acc_pipeline.agents.sources import SourcesRoot
from acc_pipeline.compute.engine import Engine
from acc_pipeline.compute.engines import make_engine
from acc_pipeline.contexts.options import CompileOptions
from acc_pipeline.lake.lake import Lake
from acc_pipeline.settings import Settings, cores
from acc_pipeline.training.config import TINY


class Workspace:
    """Everything that a stage needs besides its records."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def lake(self) -> Lake:
        return Lake(self.settings.lake, storage_options=self.settings.storage_options or None)

    @cached_property
    def engine(self) -> Engine:
        compute = self.settings.compute
        return make_engine(compute.engine, workers=compute.workers or cores())

    def agent(self, name: str) -> AgentType:
        """The agent type of that name, built in with the profile's options, or from a plug-in."""
        return agent_type(name, options=getattr(self.settings.agents, name, None))

    def sources(self) -> SourcesRoot:
        """References, databases and repositories as they lie there now: looked at anew by each run."""
        settings = self.settings
        return SourcesRoot(settings.references_dir, settings.databases_dir, settings.repos_dir)

    @property
    def compile_options(self) -> CompileOptions:
        """The profile's options with every form that its arms train on, and those that it asks for itself."""
        options = self.settings.compile
        asked = options.forms if "forms" in options.model_fields_set else ()
        needed = ("pieces", *(arm.form for arm in self.settings.arms.values() if arm.trains), *asked)
        return options.model_copy(update={"forms": tuple(dict.fromkeys(needed))})

    @cached_property
    def tokenizer_dir(self) -> Path:
        """Folder of the student's tokenizer; the tiny student's is made here when it is not there yet.

        A hub name is resolved to its folder in the local cache, downloaded when the machine can.
        """
        model = self.settings.student.model
        if model == TINY:
            from acc_pipeline.training.tiny_tokenizer import build_tiny_tokenizer

            return build_tiny_tokenizer(self.settings.models_dir / "tiny-tokenizer")
        if Path(model).is_dir():
            return Path(model)
        from huggingface_hub import snapshot_download

        return Path(snapshot_download(model, allow_patterns=["tokenizer*", "*.jinja", "vocab*", "merges*"]))

    @property
    def response_store(self) -> Path:
        """The teacher's answers: outside the lake, because what was paid for outlives any recipe."""
        return self.settings.data_dir / "responses" / "teacher.sqlite"

    @property
    def eval_index_dir(self) -> Path:
        """Word runs of the evaluation items, for decontamination."""
        return self.settings.models_dir / "eval-index"

    def arm_dir(self, arm: str) -> Path:
        """Checkpoints and logs of one arm."""
        return self.settings.models_dir / "arms" / arm

    @property
    def report_path(self) -> Path:
        """The HTML report."""
        return self.settings.reports_dir / "report.html"
