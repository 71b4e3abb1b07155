"""No defect of panoramisk or greenswitch is shown on them alone: of our link over each there is a test of the same name."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "integration"


def names_in(name: str) -> set[str]:
    return set(re.findall(r"^def (test_\w+)", (FOLDER / f"{name}.py").read_text("utf-8"), re.MULTILINE))


@pytest.mark.parametrize(("stock", "link", "defects"), [("panoramisk", "ami", 16), ("greenswitch", "esl", 14)])
def test_each_defect_has_its_twin(stock: str, link: str, defects: int) -> None:
    shown = names_in(f"test_{stock}_stock")
    assert len(shown) >= defects
    assert shown - names_in(f"test_{link}_link") == set()
