"""What stands below a field is its description, in all models of a family, once somebody asks for it."""

from __future__ import annotations

from pydantic import BaseModel

from tasks.runtime.field_docs import describe


class Base(BaseModel):
    plain: int = 0
    told: int = 0
    """What it is.

    And more.
    """


class Inner(Base):
    told: int = 1
    """Something else."""


class Outer(Base):
    inner: Inner = Inner()
    """One of those."""
    own: list[Inner] = []


def test_descriptions_come_from_the_docstrings_of_the_class_or_of_its_base() -> None:
    assert "What it is" not in str(Outer.model_json_schema())
    for _ in range(2):
        describe(Base)
        schema = Outer.model_json_schema()
        assert schema["properties"]["told"]["description"] == "What it is.\n\nAnd more."
        assert schema["properties"]["inner"]["description"] == "One of those."
        assert schema["$defs"]["Inner"]["properties"]["told"]["description"] == "Something else."
        assert "description" not in schema["properties"]["plain"]
    assert Outer.model_validate({"inner": {"told": 5}}).inner.told == 5
