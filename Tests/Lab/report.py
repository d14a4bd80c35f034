"""What the matrix found, as lines while it runs and as a page afterwards."""
from cells import CELLS, PLACES, REASONS

HEADINGS = {"worker": "worker", "stock": "stock", "presented": "grant"}


class Report:
    def __init__(self, program):
        self.program = program
        self.runs = []
        self.faults = []

    def add(self, run):
        self.runs.append(run)

    @property
    def outcomes(self):
        return [outcome for run in self.runs for outcome in run.outcomes.values()]

    @property
    def strangers(self):
        return [outcome for run in self.runs for outcome in run.strangers.values()]

    @property
    def failures(self):
        return [f"{run.group}: {cell}: {outcome.failure}" for run in self.runs
                for cell, outcome in [*run.outcomes.items(), *((f"stranger at {p}", o) for p, o in run.strangers.items())]
                if outcome.was_run and outcome.failure] + [
                    f"{fault.title}: {fault.failure}" for fault in self.faults if fault.failure]

    def line(self, run):
        words = []
        for cell, outcome in run.outcomes.items():
            if outcome.was_run:
                words.append(f"{cell}: {'FAILED' if outcome.failure else 'ok'}")
        refused = sum(o.was_run and not o.failure for o in run.strangers.values())
        failed = [o.failure for o in [*run.outcomes.values(), *run.strangers.values()] if o.was_run and o.failure]
        text = ", ".join(words) + f"; strangers refused: {refused}" if words else "nothing that could be run"
        return f"{run.group}: {text}" + "".join(f"\n         {failure}" for failure in dict.fromkeys(failed))

    def counts(self):
        tried = [o for o in self.outcomes if o.was_run]
        strangers = [o for o in self.strangers if o.was_run]
        return {
            "gateways": sum(1 for run in self.runs if run.cells),
            "cells": len(self.outcomes), "run": len(tried),
            "children_refused": sum(run.children_refused for run in self.runs),
            "held": sum(not o.failure for o in tried), "resumed": sum(o.resumed for o in tried),
            "strangers": len(strangers), "refused": sum(not o.failure for o in strangers),
        }

    def summary(self):
        c = self.counts()
        lines = [f"{c['gateways']} gateways, {c['cells']} cells, of which {c['run']} were run: {c['held']} held, "
                 f"{c['resumed']} came back after the cut; {c['refused']} of {c['strangers']} strangers refused (1008)"]
        left_out = {}
        for outcome in self.outcomes:
            if not outcome.was_run:
                text = REASONS.get(outcome.reason, outcome.reason)
                left_out[text] = left_out.get(text, 0) + 1
        lines += [f"left out: {count}: {reason}" for reason, count in left_out.items()]
        return "\n".join(lines + [f"FAILED {failure[:300]}" for failure in self.failures])

    # MARK: The page

    def page(self):
        c = self.counts()
        out = [INTRODUCTION.format(**c), self.legend()]
        for bind in dict.fromkeys(run.group.bind for run in self.runs):
            out += [f"## `gateway.bind: \"{bind}\"`\n", self.table([r for r in self.runs if r.group.bind == bind])]
        if self.faults:
            out.append(FAULTS + "\n".join(
                f"| {fault.title} | {fault.outcome} | {'**failed**' if fault.failure else 'held'} |"
                for fault in self.faults) + "\n")
        return "\n".join(out)

    def table(self, runs):
        heads = [f"{cell.place}: {HEADINGS[cell.kind]}" for cell in CELLS]
        lines = ["| TLS | Way | " + " | ".join(heads) + " | strangers |", "| --- " * (len(heads) + 3) + "|"]
        for run in runs:
            marks = [self.mark(outcome) for outcome in run.outcomes.values()]
            strangers = [o for o in run.strangers.values() if o.was_run]
            refused = sum(not o.failure for o in strangers)
            last = f"{refused} of {len(strangers)} refused" if strangers else ""
            lines.append(f"| {run.group.tls} | {run.group.path} | " + " | ".join(marks) + f" | {last} |")
        return "\n".join(lines) + "\n"

    def mark(self, outcome):
        if not outcome.was_run:
            return outcome.reason if outcome.reason in REASONS else self.extra[outcome.reason]
        if outcome.failure:
            return "**failed**"
        return {"name": "yes", "pin": "yes, pin", "plain": "yes, plain"}.get(outcome.verified, "yes") + (
            ", beside" if outcome.note else "")

    @property
    def extra(self):
        """Letters for what this machine lacks."""
        reasons = dict.fromkeys(o.reason for o in self.outcomes if not o.was_run and o.reason not in REASONS)
        return {reason: chr(ord("p") + index) for index, reason in enumerate(reasons)}

    def legend(self):
        lines = []
        for letter, reason in [*REASONS.items(), *((letter, reason) for reason, letter in self.extra.items())]:
            count = sum(o.reason in (letter, reason) for o in self.outcomes)
            if count:
                lines.append(f"| {letter} | {reason} | {count} |")
        return "| Not run | Because | Cells |\n| --- | --- | --- |\n" + "\n".join(lines) + "\n"


INTRODUCTION = """# Where children are admitted

Made by `make topology` ([Tests/Lab](../Tests/Lab/README.md)), not by hand. It starts a gateway for every row, in network
namespaces with a bridge, a published port, proxies with the files of [deploy/](../deploy/README.md), and a WireGuard
tunnel in user space; {gateways} gateways in all.

| | |
| --- | --- |
| cells | {cells}, of which {run} could be run |
| child admitted, its result handed in and right | {held} of {run} |
| back after its connections were reset and refused for a while, without losing anything | {resumed} of {run} |
| `1008` for a child | {children_refused} |
| strangers with the right token, from the same places: `1008 pairing required` | {refused} of {strangers} |

The places: *host* is the gateway's own namespace, *container* another one on its bridge, *tunnel* a machine behind
WireGuard. The children: *worker* is ours, launched by the gateway or, elsewhere, by a [pool worker](workers.md); *stock* is
Python's `websockets` with the environment that an agent command inherits, carried to the place as `docker exec` does;
*grant* is the same client with a [spawn grant](spawn-grants.md) that its parent signed without asking the gateway. With the bind modes `loopback` and
`tailnet` the proxy shares the gateway's namespace, as in a pod or with a sidecar, else it is a container of its own;
NAT masquerades, so that the gateway sees the bridge's address whoever comes; *NAT kept* does not, and with *NAT relayed*
a process accepts and connects anew. Strangers come from outside too, where something is published there. `autoApproveLocal` is off, so that loopback
is no way in either.

*yes* is: verified by name and authority. *pin*: the certificate lacks the name that was dialled, as behind NAT, and its
fingerprint decides. *beside*: the proxy ends TLS, so the gateway's own worker dials loopback, as it does by itself.
"""

FAULTS = """## Bad networks

One gateway, bound to all interfaces, with a certificate of its own; its worker dials the bridge's address; pool workers and
stock clients are in another container and behind a slow link. No child is refused, whatever happens.

| What happens | What the children do | |
| --- | --- | --- |
"""
