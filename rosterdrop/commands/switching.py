"""`rosterdrop source switch`: a district goes from one source to another; and with it the whole group."""

from dataclasses import asdict
from pathlib import Path

import click

from rosterdrop.commands.source import source
from rosterdrop.console import Console, who

__all__ = ["source"]


@source.command(
    epilog="""\b
Examples:
  rosterdrop --home home source switch springfield --out ids.csv
  rosterdrop --home home source switch springfield --confirm ids.csv --why "moved to Clever"

\b
With --json: {"batch": N, "made_for": text, "file": path, "kinds": [{"kind", "kept", "mapped", "doubtful", "fresh",
              "gone"}], "parked": N, "rejected": N, "left_out": N, "next": [command]}; with --confirm {"batch": N,
              "changes": {kind: {"renumbered": N}}, "next": [command]}"""
)
@click.argument("district")
@click.option("--batch", "number", type=click.IntRange(1, 10**9), help="The batch with the new IDs; else the newest.")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="The CSV file to write; else DISTRICT-ids.csv."
)
@click.option("--confirm", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="The file to carry out.")
@click.option("--why", default="other source", show_default=True, help="The reason, for the history.")
@click.pass_obj
def switch(
    console: Console, district: str, *, number: int | None, out: Path | None, confirm: Path | None, why: str
) -> None:
    """Bring DISTRICT to the IDs of another source, or those that its system gave anew, without archiving anybody.

    First pause it, and fetch or upload the roster with the new IDs: it is judged and held. Then this pairs the people,
    classes and schools of that batch with those of the sync and writes a CSV; nothing else is changed. Say yes or no
    to each pair in it and give it to --confirm: all get their new IDs at once and keep accounts, classes, families and
    what people changed. `batch undo` takes it back. The file holds names: personal data, for the support of this
    district.
    """
    if confirm is not None:
        if out is not None or number is not None:
            raise click.UsageError("--confirm takes all from its file: leave --batch and --out")
        _carry_out(console, district, confirm, why)
        return
    _propose(console, district, number, out or Path(f"{district}-ids.csv"))


def _propose(console: Console, district: str, number: int | None, out: Path) -> None:
    from processors.switching import propose, write_proposal

    with console.terminal.working(f"Pairing {district} with its new source"):
        proposal = propose(console.home, district, number)
    moving = not proposal.rows.is_empty()
    if moving:
        write_proposal(out, proposal)
    confirm = (f"rosterdrop source switch {district} --confirm {out}",) if moving else ()
    steps = (*confirm, *proposal.next)
    console.terminal.json(
        {
            "batch": proposal.batch,
            "made_for": proposal.made_for,
            "file": str(out) if moving else None,
            "kinds": [asdict(one) for one in proposal.counts],
            "parked": proposal.parked,
            "rejected": proposal.rejected,
            "left_out": proposal.left_out,
            "next": list(steps),
        }
    )
    console.terminal.table(
        ["kind", "same ID", "new ID", "not sure", "new", "archived if left so"],
        [[one.kind, one.kept, one.mapped, one.doubtful, one.fresh, one.gone] for one in proposal.counts],
        title=f"{district} beside batch {proposal.batch}",
    )
    if proposal.parked:
        console.terminal.line(
            f"{proposal.parked} records leave whose ID is another's from now on; they keep it with ~{proposal.batch} "
            "behind it"
        )
    if proposal.rejected:
        console.terminal.line(
            f"{proposal.rejected} people and classes of batch {proposal.batch} are rejected, and nobody is paired with "
            "them: have their rows repaired first, or they are archived and made anew"
        )
    if proposal.left_out:
        console.terminal.line(
            f"{proposal.left_out} guardians of users.csv are left out, because guardians.csv brought them before. "
            f"Where that comes no more: rosterdrop district set {district} guardians.source=users, then this again"
        )
    if moving:
        console.terminal.line(f"The pairs are in {out}: those that are not sure come first, and say no")
    console.terminal.line("Next:" if moving else "No ID becomes another. Next:")
    for step in steps:
        console.terminal.line(f"  {step}")


def _carry_out(console: Console, district: str, file: Path, why: str) -> None:
    from processors.switching import switch as carry_out

    with console.terminal.working(f"Giving {district} its new IDs"):
        done = carry_out(console.home, district, file, who=who(), why=why)
    console.terminal.json({"batch": done.number, "changes": done.counts, "next": list(done.next)})
    console.terminal.line(f"{district} has its new IDs (batch {done.number})", style="bold")
    console.terminal.table(["kind", "new ID"], [[kind, told["renumbered"]] for kind, told in done.counts.items()])
    console.terminal.line(f'To take it back: rosterdrop batch undo {done.number} --why "…". Next:')
    for step in done.next:
        console.terminal.line(f"  {step}")
