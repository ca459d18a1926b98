import pytest

from acc_pipeline.trajectories.schema import Verb
from acc_pipeline.trajectories.shell import read_shell


@pytest.mark.parametrize(
    ("command", "paths", "window"),
    [
        ("cat a.py", ["a.py"], None),
        ("cd /testbed && cat src/a.py", ["src/a.py"], None),
        ("cat a.py 2>/dev/null", ["a.py"], None),
        ("cat -n 'my file.py' 2>&1", ["my file.py"], None),
        ("nl -ba a.py | sed -n '10,20p'", ["a.py"], (10, 20)),
        ("sed -n '95,110p' ./a.py", ["./a.py"], (95, 110)),
        ("sed -n 5p a.py", ["a.py"], (5, 5)),
        ("sed -n '10,$p' a.py", ["a.py"], (10, -1)),
        ("head -50 a.py", ["a.py"], (1, 50)),
        ("head -n 50 a.py", ["a.py"], (1, 50)),
        ("head a.py", ["a.py"], (1, 10)),
        ("cat a.py | head -n 7", ["a.py"], (1, 7)),
        ("tail -n +30 a.py", ["a.py"], (30, -1)),
        ("tail -20 a.py", ["a.py"], (0, -1)),
        ("awk 'NR>=3 && NR<=9' a.py", ["a.py"], (3, 9)),
        ("git show HEAD~1:src/a.py", ["src/a.py"], None),
        ("cat a.py b.py", ["a.py", "b.py"], None),
    ],
)
def test_views(command: str, paths: list[str], window: tuple[int, int] | None) -> None:
    found = read_shell(command)
    assert (found.verb, found.paths, found.window) == (Verb.VIEW, paths, window)


@pytest.mark.parametrize(
    ("command", "verb"),
    [
        ("grep -rn 'def f' src", Verb.GREP),
        ("cat a.py | grep foo", Verb.GREP),
        ("find . -name '*.py' | head -20", Verb.LIST),
        ("ls -la", Verb.LIST),
        ("git log --oneline | head", Verb.RUN),
        ("python test.py 2>&1 | tail -50", Verb.RUN),
        ("cat a.py | wc -l", Verb.RUN),
        ("cat a.py && cat b.py", Verb.VIEW),
        ("ls && cat a.py", Verb.RUN),
        ('sqlite3 shop.db "SELECT * FROM t"', Verb.QUERY),
        ("echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT && cat patch.txt", Verb.FINISH),
        ("submit", Verb.FINISH),
        ("unbalanced 'quote", Verb.RUN),
        ("", Verb.RUN),
    ],
)
def test_verbs(command: str, verb: Verb) -> None:
    assert read_shell(command).verb == verb


def test_several_outputs_in_one_text_name_no_file() -> None:
    assert read_shell("cat a.py && cat b.py").paths == []


@pytest.mark.parametrize(
    ("command", "edited"),
    [
        ("cat > a.py << 'EOF'\nprint('x') > y\nEOF", ["a.py"]),
        ("cat <<EOF >> a.py\nbody\nEOF", ["a.py"]),
        ("sed -i 's/a > b/c/' src/a.py", ["src/a.py"]),
        ("sed -i.bak -e 's/a/b/' a.py", ["a.py"]),
        ("echo x > new.txt", ["new.txt"]),
        ("echo x | tee -a new.txt", ["new.txt"]),
        ("cp a.py b.py", ["b.py"]),
        ("mv a.py b.py", ["a.py", "b.py"]),
        ("rm a.py", ["a.py"]),
        ("git apply fix.patch", ["*"]),
        ("patch -p1 < fix.patch", ["*"]),
        ("python - <<'EOF'\np = 'src/a.py'\nopen(p, 'w').write('x')\nEOF", ["src/a.py"]),
        ("python -c \"open('a.py', 'w').write('')\"", ["a.py"]),
        ("find . -name '*.py' -exec sed -i s/a/b/ {} +", ["*"]),
        ("grep -rl foo . | xargs sed -i 's/foo/bar/'", ["*"]),
        ("cat a.py > /dev/null", []),
        ("python run.py 2>&1", []),
        ("make 2> errors.txt", []),
        ("cat a.py", []),
    ],
)
def test_edits(command: str, edited: list[str]) -> None:
    assert read_shell(command).edited == edited


def test_here_document_bodies_are_no_commands() -> None:
    found = read_shell("cat > fix.py <<'EOF'\nrm -rf /\ncat secret\nEOF\npython fix.py")
    assert found.edited == ["fix.py"]
    assert found.runs == ["fix.py"]


def test_restored_files() -> None:
    assert read_shell("git checkout -- src/a.py").restored == ["src/a.py"]
    assert read_shell("git stash").restored == ["*"]


def test_directory_is_followed() -> None:
    assert read_shell("cd /a/b && make").cd == "/a/b"
