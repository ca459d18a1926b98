"""Identity of a checkpoint by what is in its folder, never by the folder's name: no torch needed."""

import hashlib
from pathlib import Path

_IDENTITY = ("*.safetensors", "*.bin", "config.json", "tokenizer.json", "chat_template.jinja", "generation_config.json")


def content_digest(folder: Path) -> str:
    """Hash of a checkpoint's weights, configuration and tokenizer (16 hex digits): same content, same hash.

    What is no folder is the name of a model on a hub, whose content is not here to be hashed: its name stands for it.
    Raises `FileNotFoundError` for a folder that holds no model.
    """
    if not folder.is_dir():
        return hashlib.sha256(f"hub:{folder}".encode()).hexdigest()[:16]
    files = sorted(path for pattern in _IDENTITY for path in folder.glob(pattern))
    if not any(path.suffix in (".safetensors", ".bin") for path in files):
        raise FileNotFoundError(f"{folder}: no weights (*.safetensors) in it; is it a checkpoint in Hugging Face form?")
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            digest.update(path.name.encode() + hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]
