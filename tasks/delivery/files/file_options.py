"""What an outlet that takes files may say about them, under `transport` of its document."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from tasks.delivery.files.file_names import LONGEST_TEMPLATE, check_template, holds
from tasks.model.documents import Document


class FileOptions(Document):
    """How the files of an outlet are called, and what corrections and kills do with them."""

    name: Annotated[str, AfterValidator(check_template)] = Field(
        "{slug}-{language}.{ending}",
        max_length=LONGEST_TEMPLATE,
        examples=["{date}/{slug}-{language}-v{version}.{ending}"],
    )
    """The name of a file; slashes in it make subfolders."""
    correction: Literal["replace", "new"] = Field("replace", examples=["new"])
    """replace: the file of the version before is overwritten, or removed if it was called differently · new: it stays,
    and the correction is a file of its own."""
    kill: Literal["replace", "remove", "new"] = Field("replace", examples=["remove"])
    """replace: a notice of the kill takes the place of all files of the release · remove: they are removed · new: they
    stay, and the notice is a file of its own."""
    media: bool = Field(False, examples=[True])
    """Pictures and other media of the release are put beside its file, before it."""

    @model_validator(mode="after")
    def _apart(self) -> Self:
        """Refuse names that would be the same for files that are to stand side by side."""
        if self.correction == "new" and not holds(self.name, "version"):
            raise ValueError("correction 'new' needs {version} in name, or the correction overwrites what it corrects")
        if self.kill == "new" and not holds(self.name, "version", "action"):
            raise ValueError("kill 'new' needs {version} or {action} in name, or the notice overwrites what it kills")
        return self


class FolderOptions(FileOptions):
    """The same for places where folders have to be made."""

    make_folders: bool = Field(False, examples=[True])
    """Folders that are not there are made."""
