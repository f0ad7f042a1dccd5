# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start a fake manager by hand: `python -m manager --help`."""

from __future__ import annotations

import argparse
import select
import shlex
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

from .demo_data import ENVIRONMENTS, NAME, PASSWORD, PROJECT, USER, renewals, seed
from .dialect import Generation, Source
from .faults import Fault
from .manager import Manager
from .messages import Language
from .model import ALL_PERMISSIONS, Permission
from .options import AliasScope
from .paging import Paging
from .pki import Authority
from .server import HOST, Tls

_ENVIRONMENT_OPTIONS = {
    "--fail-deployment": "let deployments to this environment fail",
    "--unreachable": "let the workers of this environment be unreachable",
    "--unpublished": "let this environment be unpublished",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a manager with demo data until it is interrupted, or for a number of seconds."""
    options = _parser().parse_args(arguments)
    authority = Authority()
    with _signals() as received, tempfile.TemporaryDirectory(prefix="manager-") as folder:
        files = _tls_files(authority, Path(folder), mutual=options.mutual_tls) if _uses_tls(options) else None
        with _manager(options, files) as manager:
            seed(manager, authority)
            _limit(manager, options)
            _write_renewals(authority, Path(folder))
            print(_greeting(manager, Path(folder), options), flush=True)
            select.select([received], [], [], options.seconds)


@contextmanager
def _signals() -> Iterator[socket.socket]:
    """Yield a socket that becomes readable at the first SIGINT or SIGTERM.

    A lock or an event is not enough: a signal just before the wait, or in another thread, would not end the wait.
    """
    receiver, sender = socket.socketpair()
    with receiver, sender:
        sender.setblocking(False)
        signal.set_wakeup_fd(sender.fileno())
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_unused: None)
        try:
            yield receiver
        finally:
            signal.set_wakeup_fd(-1)
            # Ignore further signals, so that one that arrives while Python exits does not change the exit code.
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m manager", description="Run a fake Apinizer manager on this machine, with demo data."
    )
    parser.add_argument(
        "--generation", choices=get_args(Generation), default="2026.09", help="generation of the API (default: 2026.09)"
    )
    parser.add_argument(
        "--language", choices=get_args(Language), default="en", help="language of the messages (default: en)"
    )
    parser.add_argument("--port", type=int, default=0, help="TCP port (default: 0, a free one)")
    parser.add_argument("--prefix", default="", help="prefix of the URL path, such as /gw")
    parser.add_argument("--latency", type=float, default=0.0, metavar="SECONDS", help="delay of every request")
    parser.add_argument(
        "--duplicates", action="store_true", help="keep old entries next to the new ones after an update"
    )
    parser.add_argument("--no-list-content", action="store_true", help="leave the content out of lists of certificates")
    parser.add_argument("--no-get-content", action="store_true", help="leave the content out of single certificates")
    parser.add_argument("--bare-token-only", action="store_true", help="accept the token only without 'Bearer'")
    parser.add_argument(
        "--import-reports-deployment",
        action="store_true",
        help="include the deployment result in the response to import-file",
    )
    parser.add_argument(
        "--import-stores-only", action="store_true", help="import-file changes the record and deploys nothing"
    )
    parser.add_argument(
        "--truststore",
        nargs="*",
        choices=get_args(Source),
        help="offer the truststore calls that ask the workers (ZIP), the manager (JSON), both, or none if nothing follows"
        " (default: as the generation does)",
    )
    parser.add_argument(
        "--failures-in-message",
        action="store_true",
        help="name the environments of a failed deployment in the outer message only",
    )
    parser.add_argument(
        "--alias-scope",
        choices=get_args(AliasScope),
        default="project",
        help="where an alias must be unique in an environment (default: project)",
    )
    parser.add_argument("--page-size", type=int, metavar="ITEMS", help="cut lists into pages (default: complete lists)")
    parser.add_argument(
        "--paging", choices=get_args(Paging), default="from-1", help="how pages are counted (default: from-1)"
    )
    for option, what in _ENVIRONMENT_OPTIONS.items():
        parser.add_argument(
            option,
            action="append",
            default=[],
            choices=ENVIRONMENTS,
            metavar="ENVIRONMENT",
            help=f"{what} ({', '.join(ENVIRONMENTS)}); can be repeated",
        )
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        choices=("deploy", "import"),
        help="a permission that the token and the user lack: SECRETS with DEPLOY_UNDEPLOY, or with EXPORT_IMPORT;"
        " can be repeated",
    )
    parser.add_argument("--tls", action="store_true", help="use HTTPS, with a certificate from a new authority")
    parser.add_argument("--mutual-tls", action="store_true", help="use HTTPS and require a client certificate")
    parser.add_argument("--for", type=float, dest="seconds", metavar="SECONDS", help="stop after this time")
    return parser


def _limit(manager: Manager, options: argparse.Namespace) -> None:
    """Apply the options that limit what works."""
    if options.fail_deployment:
        manager.faults.add(Fault("deployment_failure", times=None, environments=tuple(options.fail_deployment)))
    manager.unreachable.update(options.unreachable)
    for environment in options.unpublished:
        manager.set_status(environment, "UNPUBLISHED")
    permissions = ALL_PERMISSIONS - {Permission[name.upper()] for name in options.without}
    manager.token = manager.add_token("demo", permissions=permissions)
    manager.add_user(USER, PASSWORD, permissions=permissions)


def _uses_tls(options: argparse.Namespace) -> bool:
    return bool(options.tls or options.mutual_tls)


def _manager(options: argparse.Namespace, tls: Tls | None) -> Manager:
    return Manager(
        generation=options.generation,
        language=options.language,
        duplicates=options.duplicates,
        list_content=not options.no_list_content,
        get_content=not options.no_get_content,
        bare_token_only=options.bare_token_only,
        import_deploys=not options.import_stores_only,
        import_reports_deployment=options.import_reports_deployment,
        failures_in_message=options.failures_in_message,
        truststore=options.truststore,
        alias_scope=options.alias_scope,
        page_size=options.page_size,
        paging=options.paging,
        tls=tls,
        latency=options.latency,
        prefix=options.prefix,
        port=options.port,
    )


def _tls_files(authority: Authority, folder: Path, *, mutual: bool) -> Tls:
    """Write ca.pem, server.pem, and server.key; for mutual TLS also client.pem and client.key."""
    server = authority.issue("localhost", dns_names=["localhost"], ip_addresses=[HOST])
    ca = folder / "ca.pem"
    ca.write_text(authority.pem)
    (folder / "server.pem").write_text(server.chain_pem)
    (folder / "server.key").write_text(server.key_pem)
    if mutual:
        client = authority.issue("client")
        (folder / "client.pem").write_text(client.chain_pem)
        (folder / "client.key").write_text(client.key_pem)
    return Tls(folder / "server.pem", folder / "server.key", ca if mutual else None)


def _write_renewals(authority: Authority, folder: Path) -> None:
    """Write new/NAME.pem for each certificate, the path in the README and the guides, and renewed.pem for the main one."""
    (folder / "new").mkdir()
    for name, renewal in renewals(authority).items():
        (folder / "new" / f"{name}.pem").write_text(renewal.pem)
        if name == NAME:
            (folder / "renewed.pem").write_text(renewal.pem)


def _greeting(manager: Manager, folder: Path, options: argparse.Namespace) -> str:
    """Return what to paste into another shell: variables first, then commands to try."""
    programs, collections = (shlex.quote(str(Path(sys.prefix, name))) for name in ("bin", "collections"))
    lines = [
        f"export PATH={programs}:$PATH ANSIBLE_COLLECTIONS_PATH={collections}",
        f"export APINIZER_URL={manager.url} APINIZER_TOKEN={manager.token}",
    ]
    curl = "curl"
    if _uses_tls(options):
        lines.append(f"export APINIZER_CA_PATH={folder}/ca.pem")
        curl += " --cacert $APINIZER_CA_PATH"
    if options.mutual_tls:
        lines.append(f"export APINIZER_CLIENT_CERT={folder}/client.pem APINIZER_CLIENT_KEY={folder}/client.key")
        curl += " --cert $APINIZER_CLIENT_CERT --key $APINIZER_CLIENT_KEY"
    scheme = "" if options.bare_token_only else "Bearer "
    module = "ansible localhost -m apinizer.apiops"
    update = f"project={PROJECT} name={NAME} path={folder}/renewed.pem environments={','.join(ENVIRONMENTS)}"
    lines += [
        "",
        "# Paste the lines above into another shell. Then try:",
        f"{module}.apinizer_certificate_info -a 'project={PROJECT} expiring_within=30'",
        f"{module}.apinizer_certificate --check --diff -a '{update}'",
        f"{module}.apinizer_certificate --diff -a '{update}'",
        f'{curl} -H "Authorization: {scheme}$APINIZER_TOKEN" $APINIZER_URL/apiops/projects/{PROJECT}/certificates/',
        "",
        f"# To follow the README or a guide, run its commands in this folder: cd {folder}",
        "# It has a renewal of each certificate: new/my-certificate.pem, new/expires-soon.pem, ...",
        f"# Instead of the token, you can set APINIZER_USERNAME={USER} APINIZER_PASSWORD={PASSWORD}.",
        "# Ctrl-C stops the manager and deletes the folder.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
