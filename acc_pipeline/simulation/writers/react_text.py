"""ReAct transcripts (`Thought k`, `Action k`, `Observation k`) of a trial, right runs before wrong ones."""

from acc_pipeline.simulation.records import Run

NAME = "react-transcript"


def transcript(runs: list[Run]) -> str:
    """The whole file; the last observation of a run is the environment's verdict, with the right answer."""
    good, bad = [run for run in runs if run.right], [run for run in runs if not run.right]
    rule = "#" * 39
    head = f"\n{rule}\nBEGIN TRIAL 1\nTrial summary: Correct: {len(good)}, Incorrect: {len(bad)}, Halted: 0\n{rule}\n"
    parts = [head, "------------- BEGIN CORRECT AGENTS -------------\n\n", *map(_run, good)]
    parts += ["------------- BEGIN INCORRECT AGENTS -----------\n\n", *map(_run, bad)]
    return "".join(parts)


def _run(run: Run) -> str:
    lines = [f"Question: {run.question}"]
    for number, turn in enumerate(run.turns, start=1):
        argument = next(iter(turn.arguments.values()))
        lines.append(f"Thought {number}: {turn.thought}")
        lines.append(f"Action {number}: {turn.tool}[{argument}]")
        lines.append(f"Observation {number}: {turn.observation}")
    last = len(run.turns) + 1
    lines.append(f"Thought {last}: That is what was asked for.")
    lines.append(f"Action {last}: Finish[{run.answer}]")
    lines.append(f"Observation {last}: Answer is {'CORRECT' if run.right else 'INCORRECT'}")
    lines.append(f"Correct answer: {run.extra['gold']}")
    return "\n".join(lines) + "\n\n"
