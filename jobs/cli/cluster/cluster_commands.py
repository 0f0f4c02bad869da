"""node, machines: the machines of a cluster."""

import sys
from dataclasses import asdict

import click

from jobs.cli import output
from jobs.cli.parameters import json_option, text
from jobs.cli.parsing import command
from jobs.machines.nodes import list_nodes
from jobs.machines.usable import why_unusable
from jobs.reports.team import machine_tables
from jobs.running.background import open_here
from jobs.running.environment import host
from jobs.store.queries import active_runs
from jobs.supervising import node as node_process
from jobs.supervising.waiting import OTHER_VERSION, engine_problem, other_versions


@command("node")
@click.option("--head", is_flag=True, help="Be the head of the cluster, which the others join.")
@click.option("--name", type=text, metavar="NAME", help="What to call this machine (default: its host name).")
@click.option("--address", type=text, metavar="IP", help="The address by which the others reach this machine.")
def node(head: bool, name: str | None, address: str | None) -> int:
    """Let this machine do runs of a cluster.

    It takes part until it is interrupted, and needs the settings of the dashboard: LOOKBOOK_DATABASE_URL,
    LOOKBOOK_ARTIFACTS, LOOKBOOK_RAY_ADDRESS and LOOKBOOK_RAY_TOKEN.
    """
    return node_process.run(node_process.Membership(name or host(), head, address))


@command("machines")
@json_option
def machines(as_json: bool) -> None:
    """Show the machines of the cluster, and what each does."""
    store = open_here()
    known = list_nodes(store)
    waits = dict.fromkeys(other_versions(store), OTHER_VERSION) | why_unusable(store)
    if as_json:
        print(output.as_json([{**asdict(node), "is_there": node.is_there} for node in known]))
        return
    running = [run for run in active_runs(store) if run.lease_until is not None]
    print(output.table(machine_tables.machines(known, running, waits)) if known else "No machine takes part.")
    if problem := engine_problem(store):
        print(problem, file=sys.stderr)
