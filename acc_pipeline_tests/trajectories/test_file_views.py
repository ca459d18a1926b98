import pytest
from hypothesis import given
from hypothesis import strategies as st

from acc_pipeline.trajectories.file_views import read_view, strip_numbers
from acc_pipeline.trajectories.schema import Completeness

FULL, WINDOWED = Completeness.FULL, Completeness.WINDOWED


def _facts(text: str, window: tuple[int, int] | None = None, numbers: str = "maybe") -> tuple[object, ...]:
    view = read_view(text, window=window, numbers=numbers)
    assert view is not None
    return view.text, view.first, view.last, view.total, view.completeness


def test_a_whole_file_by_cat() -> None:
    assert _facts("a\n\nb\n", numbers="no") == ("a\n\nb\n", 1, 3, 3, FULL)
    assert _facts("a\nb", numbers="no") == ("a\nb", 1, 2, 2, FULL)


def test_line_numbers_come_off() -> None:
    for text in (
        "     1\ta\n     2\t\n     3\tb\n",
        "     1→a\n     2→\n     3→b\n",
        "1:a\n2:\n3:b\n",
        "L1: a\nL2: \nL3: b\n",
    ):
        assert _facts(text) == ("a\n\nb\n", 1, 3, 3, FULL)


def test_numbers_of_empty_lines_may_have_lost_their_blank() -> None:
    assert strip_numbers("     9\ta\n    10\n    11\tb") == (["a", "", "b"], 9)


def test_numbered_data_is_not_taken_for_line_numbers() -> None:
    table = "1\tred\n2\tblue\n"
    assert _facts(table, numbers="no")[0] == table
    assert strip_numbers("3:a\n7:b\n") is None


def test_plain_nl_counts_only_lines_that_are_not_blank() -> None:
    assert _facts("     1\ta\n       \n     2\tb\n", numbers="nonblank")[:4] == ("a\n\nb\n", 1, 3, 3)


def test_windows() -> None:
    assert _facts("a\nb\n", window=(10, 11)) == ("a\nb\n", 10, 11, 0, WINDOWED)
    assert _facts("a\nb\n", window=(10, -1)) == ("a\nb\n", 10, 11, 11, WINDOWED)
    assert _facts("a\nb\n", window=(0, -1))[1:] == (0, 0, 0, WINDOWED)


def test_a_window_that_reached_the_end_is_known_to_be_whole() -> None:
    assert _facts("a\nb\n", window=(1, 50)) == ("a\nb\n", 1, 2, 2, FULL)
    # without a last newline the missing lines may be blank ones that the framework stripped
    assert _facts("a\nb", window=(1, 4))[4] == WINDOWED
    assert _facts("a\nb", window=(1, 50))[4] == FULL


def test_swe_agent_windows() -> None:
    text = "[File: /r/a.py (9 lines total)]\n(3 more lines above)\n4:x\n5:\n6:y\n(3 more lines below)\n"
    assert _facts(text) == ("x\n\ny", 4, 6, 9, WINDOWED)
    assert _facts("[File: /r/a.py (2 lines total)]\n1:x\n2:y\n") == ("x\ny\n", 1, 2, 2, FULL)


def test_editor_views() -> None:
    head = "Here's the result of running `cat -n` on /r/a.py:\n"
    assert _facts(head + "     1\ta\n     2\tb\n     3\t\n") == ("a\nb\n", 1, 2, 2, FULL)
    assert _facts(head + "     5\ta\n     6\tb\n", window=(5, 6)) == ("a\nb", 5, 6, 0, WINDOWED)
    tail = "Review the changes and make sure they are as expected."
    edit = read_view(f"The file /r/a.py has been edited. {head}     5\ta\n     6\tb\n{tail}", window=None)
    assert edit is not None
    assert (edit.of_edit, edit.completeness, edit.path) == (True, WINDOWED, "/r/a.py")


@pytest.mark.parametrize(
    "mark",
    ["<response clipped><NOTE>Too long", "[... Observation truncated due to length ...]", "123 characters elided"],
)
def test_clipped_views_keep_the_whole_lines_before_the_clip(mark: str) -> None:
    assert _facts(f"a\nb\nhal{mark}\nz\n", numbers="no") == ("a\nb\n", 1, 2, 0, WINDOWED)


def test_file_maps_are_elided() -> None:
    assert _facts("<NOTE>This file is too large to display entirely.</NOTE>\n     1 a\n")[4] == Completeness.ELIDED


_LINES = st.lists(
    st.text(st.characters(blacklist_characters="\n\r", blacklist_categories=("Cs",)), max_size=12), min_size=1
)


@given(lines=_LINES, first=st.integers(1, 5000))
def test_numbering_and_stripping_are_inverse(lines: list[str], first: int) -> None:
    shown = "".join(f"{number:6}\t{line}\n" for number, line in enumerate(lines, start=first))
    assert strip_numbers(shown) == (lines, first)


@given(lines=_LINES)
def test_an_unnumbered_whole_file_comes_back_byte_for_byte(lines: list[str]) -> None:
    text = "".join(line + "\n" for line in lines)
    view = read_view(text, window=None, numbers="no")
    if view is not None and view.completeness == FULL and view.path == "":
        assert view.text == text
        assert view.total == len(lines)
