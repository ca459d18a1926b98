"""One profile as a source of settings: a YAML file that is read whole, or refused with what is wrong with it.

Which file it is, and what its values mean, is `settings.py`'s.
"""

from pathlib import Path
from typing import Any

import yaml
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from acc_pipeline.settings_errors import SettingsError

# Not for a file: one is a secret, the other is the file's own name.
_ELSEWHERE = {
    "teacher_api_key": "keys do not belong in files; set ACC_TEACHER_API_KEY in the environment",
    "profile": "a profile is named by its file; rename the file",
}


class ProfileSource(PydanticBaseSettingsSource):
    """The values of the profile at `path`."""

    def __init__(self, settings_cls: type[BaseSettings], *, path: Path) -> None:
        super().__init__(settings_cls)
        self._path = path

    def __call__(self) -> dict[str, Any]:
        return read_profile(self._path)

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Not used: a profile is read as one mapping."""
        return None, field_name, False


def read_profile(path: Path) -> dict[str, Any]:
    """The mapping in the file. Raises `SettingsError` naming the file, and the place where there is one."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # a safe loader
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not UTF-8 (byte {error.start}); save it as UTF-8") from None
    except yaml.YAMLError as error:
        raise SettingsError(f"{path}: not valid YAML: {error}") from None
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):
        raise SettingsError(f"{path}: must hold settings, one `name: value` each, not a {type(content).__name__}")
    for name, cure in _ELSEWHERE.items():
        if name in content:
            raise SettingsError(f"{name} (from {path}): {cure}")
    return content


class _Loader(yaml.SafeLoader):
    """YAML's own rule, which the library does not hold: a name stands once, or the first value is lost in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} stands there twice", key.start_mark)
            if key.tag != "tag:yaml.org,2002:merge":
                seen.add(key.value)
        return super().construct_mapping(node, deep=deep)
