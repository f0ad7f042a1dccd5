# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders the result of a rotation as metrics for Prometheus. Pure."""

from __future__ import annotations

from collections import Counter

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report import status
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.prometheus import Gauge, metrics_text
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.rotation import Rotation
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.schema import is_failure


def rotation_prometheus(rotation: Rotation) -> str:
    """Render the metrics.

    Every outcome has a sample in every run, 0 where it does not apply, so that each series continues.
    """
    started = Gauge("apinizer_rotation_started_timestamp_seconds", "Start of the run in seconds since the epoch.")
    finished = Gauge("apinizer_rotation_finished_timestamp_seconds", "End of the run in seconds since the epoch.")
    failed = Gauge("apinizer_rotation_failed", "1 if the run has failed, 0 otherwise.")
    check_mode = Gauge("apinizer_rotation_check_mode", "1 if nothing was written because of check mode, 0 otherwise.")
    outcome = Gauge("apinizer_rotation_outcome", "1 for the outcome of the run, 0 for all others.")
    certificates = Gauge("apinizer_rotation_certificates", "Number of certificates with the outcome.")
    gateways = Gauge(
        "apinizer_rotation_gateways",
        "Number of certificates in environments that the run wrote, by what their gateways held. Only those asked.",
    )

    labels = {"manager": rotation.manager, "host": rotation.host}
    started.add(int(rotation.started.timestamp()), labels)
    if rotation.finished:
        finished.add(int(rotation.finished.timestamp()), labels)
    failed.add(int(is_failure(rotation.outcome.key)), labels)
    check_mode.add(int(rotation.check_mode), labels)
    for key in dict.fromkeys((*status.RUN, rotation.outcome.key)):
        outcome.add(int(key == rotation.outcome.key), {**labels, "outcome": key})
    by_outcome = Counter(certificate.outcome.key for certificate in rotation.certificates)
    for key in dict.fromkeys((*status.CERTIFICATE, *by_outcome)):
        certificates.add(by_outcome[key], {**labels, "outcome": key})
    by_state = Counter(
        environment.gateway_status.key
        for certificate in rotation.certificates
        for environment in certificate.environments
        if environment.gateway_status
    )
    for key in dict.fromkeys((*status.GATEWAY, *by_state)):
        gateways.add(by_state[key], {**labels, "state": key})
    return metrics_text(started, finished, failed, check_mode, outcome, certificates, gateways)
