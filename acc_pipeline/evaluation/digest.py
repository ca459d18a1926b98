"""Identity of a checkpoint folder by what is in it, never by its name: no torch needed."""

import hashlib
from pathlib import Path


def content_digest(folder: Path) -> str:
    """Hash of a checkpoint's weights, configuration and tokenizer (16 hex digits): same content, same hash."""
    digest = hashlib.sha256()
    wanted = ("*.safetensors", "config.json", "tokenizer.json", "chat_template.jinja", "generation_config.json")
    for path in sorted(path for pattern in wanted for path in folder.glob(pattern)):
        with path.open("rb") as file:
            digest.update(path.name.encode() + hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]
