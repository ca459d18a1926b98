"""What a shell command line does to files and shows of them: views, searches, listings, edits, queries.

Reads command text only; what came back is `file_views`. A line that it cannot take apart is just a command that ran.
"""

import re

import msgspec

from acc_pipeline.trajectories.schema import Verb
from acc_pipeline.trajectories.shell_words import cut_heredocs, split_at, words_of

_SED_PRINT = re.compile(r"^(\d+)(?:,(\d+|\$))?p$")
_AWK_RANGE = re.compile(r"NR\s*>=\s*(\d+)\s*&&\s*NR\s*<=\s*(\d+)|NR\s*==\s*(\d+)\s*,\s*NR\s*==\s*(\d+)")
_CODE_WRITES = re.compile(
    r"open\([^)]*,\s*(?:mode=)?['\"][wax]|write_text\(|writelines\(|fileinput\.|writeFileSync|inplace=True"
)
_PATH_LITERAL = re.compile(r"['\"]([^'\"\s]*[\w-]+\.[A-Za-z]\w{0,7})['\"]")

_GREP = {"grep", "egrep", "fgrep", "rg", "ag", "ack", "zgrep"}
_GREP_VALUES = {"-A", "-B", "-C", "-m", "-f", "-g", "-t", "--glob", "--type", "--include", "--exclude", "--exclude-dir"}
_LIST = {"ls", "find", "tree", "fd", "fdfind", "du", "locate", "dir"}
_SQL_CLIENTS = {"sqlite3", "psql", "duckdb", "mysql", "mariadb", "bq", "snowsql", "clickhouse-client"}
_SILENT = {
    "cd",
    "export",
    "set",
    "source",
    ".",
    "mkdir",
    "touch",
    "chmod",
    "true",
    ":",
    "unset",
    "alias",
    "sleep",
    "pushd",
}
_PYTHON = re.compile(r"^(?:.*/)?(?:python|pypy)[\d.]*$")


class ShellMeaning(msgspec.Struct, frozen=True, kw_only=True):
    """What one command line means. `window` = lines shown (first, last; last -1: to the end, 0: not known which).

    `numbers`: line numbers in what is shown: yes, no, or nonblank (plain `nl`). `edited`/`restored` are
    paths as written in the command; `"*"` in `edited` means: which ones cannot be told. `runs` are scripts started.
    """

    verb: Verb = Verb.RUN
    paths: list[str] = []
    window: tuple[int, int] | None = None
    revision: str = ""
    numbers: str = "no"
    query: str = ""
    edited: list[str] = []
    restored: list[str] = []
    runs: list[str] = []
    cd: str = ""
    code: str = ""


def read_shell(command: str) -> ShellMeaning:
    """The meaning of a command line (bash). Several commands that each print something count as one plain command."""
    text, bodies = cut_heredocs(command.replace("\r\n", "\n").strip())
    pipelines = [_read_pipeline(part) for part in split_at(text, ("&&", "||", ";", "\n", "&"))]
    parts = [part for part in pipelines if part is not None]
    shown = [part for part in parts if not part.silent]
    edited = [path for part in parts for path in part.meaning.edited]
    code = "\n".join([*bodies, *(part.meaning.code for part in parts if part.meaning.code)])
    if code and any(_is_program(part) for part in parts):
        edited += written_by_code(code)
    meaning = shown[0].meaning if shown else (parts[-1].meaning if parts else ShellMeaning())
    if len(shown) > 1:
        meaning = _joint(shown)
    if edited and meaning.verb == Verb.RUN and all(part.meaning.edited for part in shown):
        meaning = msgspec.structs.replace(meaning, verb=Verb.EDIT)
    return msgspec.structs.replace(
        meaning,
        edited=list(dict.fromkeys(edited)),
        restored=[path for part in parts for path in part.meaning.restored],
        runs=[path for part in parts for path in part.meaning.runs],
        cd=next((part.meaning.cd for part in reversed(parts) if part.meaning.cd), ""),
        code=code,
    )


def written_by_code(code: str) -> list[str]:
    """Path literals of a program that opens files for writing; empty for one that does not."""
    if not _CODE_WRITES.search(code):
        return []
    return list(dict.fromkeys(_PATH_LITERAL.findall(code))) or ["*"]


class _Part(msgspec.Struct):
    meaning: ShellMeaning
    silent: bool
    program: str


def _joint(shown: list[_Part]) -> ShellMeaning:
    verbs = [part.meaning.verb for part in shown]
    for verb in (Verb.FINISH, Verb.QUERY, Verb.EDIT):
        if verb in verbs:
            found = next(part.meaning for part in shown if part.meaning.verb == verb)
            return ShellMeaning(verb=verb, query=found.query)
    same = verbs[0] if len(set(verbs)) == 1 and verbs[0] != Verb.VIEW else Verb.RUN
    # outputs of several views run into each other, so no one file can be told from the text
    return ShellMeaning(verb=Verb.VIEW if set(verbs) == {Verb.VIEW} else same)


def _is_program(part: _Part) -> bool:
    return bool(_PYTHON.match(part.program)) or part.program in {"node", "ruby", "perl", "bash", "sh"}


def _read_pipeline(text: str) -> _Part | None:
    stages = split_at(text, ("|",))
    if not stages:
        return None
    words, target = words_of(stages[0])
    if not words:
        return None
    program = words[0].rsplit("/", 1)[-1]
    meaning = _read_simple(program, words[1:], target=target)
    for stage in stages[1:]:
        more, onto = words_of(stage)
        if more:
            meaning = _filtered(meaning, more[0].rsplit("/", 1)[-1], more[1:], onto=onto)
            target = target or onto
    silent = program in _SILENT or (program in {"git", "pip", "pip3"} and "-q" in words)
    return _Part(meaning=meaning, silent=silent or bool(target and meaning.verb == Verb.EDIT), program=program)


def _read_simple(program: str, args: list[str], *, target: str) -> ShellMeaning:
    plain = [arg for arg in args if not arg.startswith("-")]
    if program == "submit" or (program == "echo" and any("COMPLETE_TASK_AND_SUBMIT" in arg for arg in args)):
        return ShellMeaning(verb=Verb.FINISH)
    if target:
        return ShellMeaning(verb=Verb.EDIT, edited=[target])
    if program in {"cd", "pushd"}:
        return ShellMeaning(cd=plain[0] if plain else "~")
    if program in {"cat", "nl", "less", "more", "bat", "batcat", "pygmentize"}:
        return ShellMeaning(verb=Verb.VIEW, paths=plain, numbers=_numbers(program, args))
    if program in {"head", "tail"}:
        return _head_tail(program, args)
    if program == "sed":
        return _sed(args)
    if program in {"awk", "gawk"} and plain:
        match = _AWK_RANGE.search(plain[0])
        if match and len(plain) == 2:
            first, last = (int(group) for group in match.groups() if group)
            numbers = "maybe" if "print" in plain[0] else "no"
            return ShellMeaning(verb=Verb.VIEW, paths=[plain[1]], window=(first, last), numbers=numbers)
        return ShellMeaning()
    if program in _GREP:
        return _grep(args)
    if program in _LIST:
        rewrites = any(arg in {"-delete", "-exec"} for arg in args) and any(
            arg in {"sed", "rm", "perl"} for arg in args
        )
        return ShellMeaning(verb=Verb.LIST, paths=plain[:1], edited=["*"] if rewrites else [])
    if program == "git" and plain:
        return _git(plain[0], args[args.index(plain[0]) + 1 :])
    if program in _SQL_CLIENTS:
        return _sql_client(args)
    if program in {"cp", "mv", "install"} and len(plain) >= 2:
        return ShellMeaning(verb=Verb.EDIT, edited=[plain[-1]] if program == "cp" else plain)
    if program in {"rm", "tee"}:
        return ShellMeaning(verb=Verb.EDIT, edited=plain)
    if program in {"patch", "black", "isort", "autopep8", "yapf", "2to3", "gofmt", "prettier"}:
        return ShellMeaning(verb=Verb.EDIT, edited=["*"])
    if program in {"perl", "ruby"} and any(arg.startswith("-") and "i" in arg and "e" in "".join(args) for arg in args):
        return ShellMeaning(verb=Verb.EDIT, edited=plain[-1:] or ["*"])
    if program in {"ed", "ex", "vim", "vi", "nano"}:
        return ShellMeaning(verb=Verb.EDIT, edited=plain[:1] or ["*"])
    if _PYTHON.match(program):
        if "-c" in args and args.index("-c") + 1 < len(args):
            return ShellMeaning(code=args[args.index("-c") + 1])
        return ShellMeaning(runs=[] if "-m" in args else plain[:1])
    if program in {"bash", "sh", "node"} and plain and "-c" not in args:
        return ShellMeaning(runs=plain[:1])
    return ShellMeaning()


def _numbers(program: str, args: list[str]) -> str:
    flags = "".join(arg[1:] for arg in args if arg.startswith("-") and not arg.startswith("--"))
    if program == "nl":
        return "yes" if "-ba" in args or "a" in args else "nonblank"
    return "yes" if program == "cat" and ("n" in flags or "--number" in args) else "no"


def _grep(args: list[str]) -> ShellMeaning:
    query, plain, index = "", [], 0
    while index < len(args):
        arg = args[index]
        if arg in {"-e", "--regexp"} and index + 1 < len(args):
            query, index = query or args[index + 1], index + 1
        elif arg in _GREP_VALUES:
            index += 1
        elif not arg.startswith("-"):
            plain.append(arg)
        index += 1
    if not query and plain:
        query = plain.pop(0)
    return ShellMeaning(verb=Verb.GREP, query=query, paths=plain)


def _head_tail(program: str, args: list[str]) -> ShellMeaning:
    count, paths, index = "10", [], 0
    while index < len(args):
        arg = args[index]
        if arg in {"-n", "--lines"} and index + 1 < len(args):
            count, index = args[index + 1], index + 1
        elif re.match(r"^-n?[+-]?\d+$", arg) or arg.startswith("--lines="):
            count = arg.removeprefix("--lines=").removeprefix("-n").removeprefix("-")
        elif arg in {"-c", "--bytes"}:
            return ShellMeaning()
        elif not arg.startswith("-"):
            paths.append(arg)
        index += 1
    return ShellMeaning(verb=Verb.VIEW if paths else Verb.RUN, paths=paths, window=_head_window(program, count))


def _head_window(program: str, count: str) -> tuple[int, int]:
    if program == "tail":
        return (int(count[1:]), -1) if re.match(r"^\+\d+$", count) else (0, -1)
    return (1, int(count)) if count.isdigit() else (0, 0)


def _sed(args: list[str]) -> ShellMeaning:
    _, files = _sed_parts(args)
    if any(re.match(r"^(-[nErs]*i|--in-place)", arg) for arg in args):
        return ShellMeaning(verb=Verb.EDIT, edited=files or ["*"])
    window = _sed_window(args)
    if window and len(files) == 1:
        return ShellMeaning(verb=Verb.VIEW, paths=files, window=window)
    return ShellMeaning(paths=files)


def _sed_parts(args: list[str]) -> tuple[list[str], list[str]]:
    """(scripts, files) of a sed command's arguments."""
    scripts, plain, index = [], [], 0
    while index < len(args):
        if args[index] in {"-e", "--expression"} and index + 1 < len(args):
            scripts.append(args[index + 1])
            index += 1
        elif not args[index].startswith("-"):
            plain.append(args[index])
        index += 1
    return (scripts, plain) if scripts else (plain[:1], plain[1:])


def _sed_window(args: list[str]) -> tuple[int, int] | None:
    scripts, _ = _sed_parts(args)
    quiet = any(re.match(r"^-[Ers]*n", arg) for arg in args)
    match = _SED_PRINT.match(scripts[0].replace(" ", "").rstrip(";")) if len(scripts) == 1 and quiet else None
    if not match:
        return None
    first = int(match.group(1))
    last = match.group(2)
    return first, first if last is None else -1 if last == "$" else int(last)


def _git(action: str, args: list[str]) -> ShellMeaning:
    plain = [arg for arg in args if not arg.startswith("-")]
    if action == "show" and len(plain) == 1 and ":" in plain[0]:
        revision, path = plain[0].split(":", 1)
        return ShellMeaning(verb=Verb.VIEW, paths=[path], revision=revision)
    if action == "grep":
        return ShellMeaning(verb=Verb.GREP, query=plain[0] if plain else "")
    if action == "ls-files":
        return ShellMeaning(verb=Verb.LIST)
    if action in {"checkout", "restore"}:
        return ShellMeaning(verb=Verb.EDIT, restored=[arg for arg in plain if "." in arg or "/" in arg])
    if action in {"apply", "am", "cherry-pick", "merge", "revert", "rebase"} or (action == "stash" and "pop" in plain):
        return ShellMeaning(verb=Verb.EDIT, edited=["*"])
    if action == "stash" or (action == "reset" and "--hard" in args):
        return ShellMeaning(verb=Verb.EDIT, restored=["*"])
    return ShellMeaning()


def _sql_client(args: list[str]) -> ShellMeaning:
    query = ""
    for index, arg in enumerate(args):
        if arg in {"-c", "-e", "-q", "--command", "--execute", "--query"} and index + 1 < len(args):
            query = args[index + 1]
    plain = [arg for arg in args if not arg.startswith("-")]
    query = query or next((arg for arg in reversed(plain) if re.search(r"\s|^\.", arg)), "")
    return ShellMeaning(verb=Verb.QUERY if query else Verb.RUN, query=query)


def _filtered(meaning: ShellMeaning, program: str, args: list[str], *, onto: str) -> ShellMeaning:
    """A stage further down a pipeline."""
    if onto or program == "tee":
        return ShellMeaning(verb=Verb.EDIT, edited=[onto] if onto else [arg for arg in args if not arg.startswith("-")])
    if program in {"xargs"}:
        inner = _read_simple(args[0], args[1:], target="") if args else ShellMeaning()
        return msgspec.structs.replace(
            ShellMeaning(verb=inner.verb if inner.verb in {Verb.GREP, Verb.LIST} else Verb.RUN),
            edited=["*"] if inner.verb == Verb.EDIT else [],
        )
    if program in {"head", "tail", "sed"} and meaning.verb in {Verb.VIEW, Verb.GREP, Verb.LIST}:
        window = _sed_window(args) if program == "sed" else _head_tail(program, [*args, "-"]).window
        if meaning.verb != Verb.VIEW:
            return msgspec.structs.replace(meaning, window=window or (0, 0))
        if meaning.window is not None or window is None:
            return ShellMeaning(paths=meaning.paths)
        return msgspec.structs.replace(meaning, window=window)
    if program in {"cat", "nl"} and meaning.verb == Verb.VIEW:
        numbers = _numbers(program, args)
        return meaning if numbers == "no" else msgspec.structs.replace(meaning, numbers=numbers)
    if program in _GREP and meaning.verb in {Verb.VIEW, Verb.GREP, Verb.LIST}:
        return msgspec.structs.replace(meaning, verb=Verb.GREP if meaning.verb == Verb.VIEW else meaning.verb)
    if program in {"sort", "uniq"} and meaning.verb in {Verb.GREP, Verb.LIST}:
        return meaning
    if program in {"less", "more"}:
        return meaning
    if program == "patch":
        return ShellMeaning(verb=Verb.EDIT, edited=["*"])
    if program in _SQL_CLIENTS:
        return _sql_client(args)
    return ShellMeaning(edited=meaning.edited)
