"""One verified run into its compiled contexts: gather, fit the budget, permute, write, and check that it suffices.

Pure: side inputs come resolved, the answer to "is this evidence" comes from the agent type. Distractors are cut before
evidence; evidence is never cut.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from acc_pipeline.agents.base import AgentType, Context, Gathered, Piece, PlacedPiece, Role, Sources, Sufficiency
from acc_pipeline.agents.control import neutralise
from acc_pipeline.contexts import prompt as written
from acc_pipeline.contexts.chat import chat
from acc_pipeline.contexts.options import CompileOptions
from acc_pipeline.contexts.order import example_id as identity
from acc_pipeline.contexts.order import permute
from acc_pipeline.contexts.tokens import TokenCounter, TokenizerError
from acc_pipeline.trajectories.schema import Reject, Trajectory


class Compiled(msgspec.Struct, frozen=True, kw_only=True):
    """One context with what the machine's check said of it."""

    context: Context
    sufficiency: Sufficiency


def compile_context(
    trajectory: Trajectory, agent: AgentType, sources: Sources, counter: TokenCounter, options: CompileOptions
) -> list[Context] | Reject:
    """The contexts of a run, one per form; a `Reject` when there is none."""
    compiled, rejects = compile_forms(trajectory, agent, sources, counter=counter, options=options)
    return [one.context for one in compiled] if compiled or not rejects else rejects[0]


def compile_forms(
    trajectory: Trajectory, agent: AgentType, sources: Sources, *, counter: TokenCounter, options: CompileOptions
) -> tuple[list[Compiled], list[Reject]]:
    """Contexts and rejects of a run. A run whose evidence does not fit or suffice gives no form at all, so that arms
    on different forms are trained on the same examples; a chat that does not fit costs only its own form."""
    gathered = agent.gather(trajectory, sources)
    if isinstance(gathered, Reject):
        return [], [gathered]
    compiled: list[Compiled] = []
    rejects: list[Reject] = []
    checked: Sufficiency | None = None
    for form in sorted(options.forms, key=lambda form: form == "multi-turn"):
        if form == "multi-turn":
            made = _chat_form(trajectory, agent, gathered, counter=counter, options=options)
        else:
            made = _piece_form(form, trajectory, agent, gathered, counter=counter, options=options)
        if isinstance(made, Reject) and form != "multi-turn":
            return [], [made]
        if isinstance(made, Reject):
            rejects.append(made)
            continue
        if form == "multi-turn":
            checked = Sufficiency(outcome="unknown", how="not_checked", reason="the chat is the run itself")
        else:
            checked = agent.sufficient(made)
            refused = _refused(checked, trajectory, options=options)
            if refused is not None:
                return [], [refused]
        compiled.append(Compiled(context=made, sufficiency=checked))
    return compiled, rejects


def _piece_form(
    form: str,
    trajectory: Trajectory,
    agent: AgentType,
    gathered: Gathered,
    *,
    counter: TokenCounter,
    options: CompileOptions,
) -> Context | Reject:
    question = agent.question(trajectory)
    example_id = identity(agent.name, question=question, run_id=trajectory.run_id)
    pieces = [_writable(piece) for piece in gathered.pieces]
    blocks = [written.block(piece) for piece in pieces]
    sizes = [counter.count(block.text) for block in blocks]
    opening, closing = written.frame(agent.instruction, question=question)
    used = counter.count_chat([{"role": "user", "content": opening + closing}])
    evidence = [n for n, piece in enumerate(pieces) if piece.role == Role.EVIDENCE]
    used += sum(sizes[n] for n in evidence)
    chosen: list[int] = []
    if form != "no-distractors":
        for n, piece in enumerate(pieces):
            if piece.role != Role.DISTRACTOR or len(chosen) == options.max_distractors:
                continue
            if used + sizes[n] <= options.prompt_budget:
                chosen.append(n)
                used += sizes[n]
    while True:
        order = permute(evidence + chosen, example_id=example_id, seed=options.seed)
        text, spans = written.write(agent.instruction, question=question, blocks=[blocks[n] for n in order])
        # Sizes of blocks add up only where the tokenizer splits between them: the whole prompt decides.
        tokens = counter.count_chat([{"role": "user", "content": text}])
        if tokens <= options.prompt_budget:
            break
        if not chosen:
            return _over_budget(trajectory, tokens, pieces=len(evidence), options=options)
        chosen.pop()
    placed = [
        _placed(pieces[n], span=span, tokens=sizes[n], sha256=trajectory.source.sha256)
        for n, span in zip(order, spans, strict=True)
    ]
    return _context(
        trajectory, agent, gathered, form=form, prompt=text, tokens=tokens, pieces=placed, messages="", options=options
    )


def _chat_form(
    trajectory: Trajectory, agent: AgentType, gathered: Gathered, *, counter: TokenCounter, options: CompileOptions
) -> Context | Reject:
    messages = [_clean(message) for message in chat(trajectory)]
    if not messages:
        return Reject(
            reason="no_chat",
            detail="the run has no assistant turn",
            cure="none: there is nothing to train turn by turn",
            source=trajectory.source,
        )
    try:
        tokens = counter.count_chat(messages, generate=False)
    except TokenizerError as error:
        return Reject(
            reason="chat_refused",
            detail=str(error),
            cure="use a tokenizer whose chat template takes tool calls",
            source=trajectory.source,
        )
    # The chat holds the answer already: nothing has to be kept free for it.
    if tokens > options.budget:
        return Reject(
            reason="chat_over_budget",
            detail=f"the run takes {tokens} tokens as a chat, the budget is {options.budget}",
            cure=f"raise the budget to {tokens} or more",
            source=trajectory.source,
        )
    text = msgspec.json.encode(messages).decode()
    return _context(
        trajectory,
        agent,
        gathered,
        form="multi-turn",
        prompt="",
        tokens=tokens,
        pieces=[],
        messages=text,
        options=options,
    )


def _context(
    trajectory: Trajectory,
    agent: AgentType,
    gathered: Gathered,
    *,
    form: str,
    prompt: str,
    tokens: int,
    pieces: Sequence[PlacedPiece],
    messages: str,
    options: CompileOptions,
) -> Context:
    question = agent.question(trajectory)
    return Context(
        example_id=identity(agent.name, question=question, run_id=trajectory.run_id),
        agent_type=agent.name,
        form=form,
        question=neutralise(_utf8(question)),
        prompt=prompt,
        answer=neutralise(_utf8(gathered.answer)),
        tokens=tokens,
        budget=options.budget,
        seed=options.seed,
        pieces=list(pieces),
        checks=gathered.checks,
        messages=messages,
    )


def _placed(piece: Piece, *, span: tuple[int, int], tokens: int, sha256: str) -> PlacedPiece:
    return PlacedPiece(
        role=piece.role,
        kind=piece.kind,
        locator=piece.locator,
        start=span[0],
        end=span[1],
        tokens=tokens,
        title=piece.title,
        completeness=piece.completeness,
        step=piece.step,
        call=piece.call,
        first_line=piece.first_line,
        last_line=piece.last_line,
        log_sha256=sha256,
    )


def _refused(checked: Sufficiency, trajectory: Trajectory, *, options: CompileOptions) -> Reject | None:
    if checked.outcome == "holds" or (checked.outcome == "unknown" and options.unknown_sufficiency == "keep"):
        return None
    return Reject(
        reason="insufficient" if checked.outcome == "fails" else "unknown_sufficiency",
        detail=f"{checked.how}: {checked.reason}",
        cure="none: the evidence in the log does not hold the answer"
        if checked.outcome == "fails"
        else "set unknown_sufficiency to keep",
        source=trajectory.source,
    )


def _over_budget(trajectory: Trajectory, tokens: int, *, pieces: int, options: CompileOptions) -> Reject:
    return Reject(
        reason="over_budget",
        detail=f"{pieces} pieces of evidence take {tokens} tokens with question and template; the prompt may take "
        f"{options.prompt_budget} (budget {options.budget}, reserve {options.reserve})",
        cure=f"raise the budget to {tokens + options.reserve} or more",
        source=trajectory.source,
    )


def _writable(piece: Piece) -> Piece:
    return msgspec.structs.replace(
        piece, text=_utf8(piece.text), title=_utf8(piece.title), locator=_utf8(piece.locator)
    )


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _utf8(value)
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items()}
    return [_clean(item) for item in value] if isinstance(value, list) else value


def _utf8(text: str) -> str:
    """A broken escape in a log gives half a character, which no tokenizer or file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
